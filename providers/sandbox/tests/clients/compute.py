from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.network import NetworkManagementClient

from common import GROUP, LOCATION, client, done, group, refused

group()
compute = client(ComputeManagementClient)
network = client(NetworkManagementClient)
disk = done(compute.disks.begin_create_or_update(GROUP, "data", {"location": LOCATION, "properties": {"diskSizeGB": 64, "creationData": {"createOption": "Empty"}}}))
assert disk.provisioning_state == "Succeeded" and disk.disk_state == "Unattached"
compute.ssh_public_keys.create(GROUP, "key", {"location": LOCATION})
assert compute.ssh_public_keys.generate_key_pair(GROUP, "key").public_key.startswith("ssh-rsa ")
vnet = done(network.virtual_networks.begin_create_or_update(GROUP, "vnet", {"location": LOCATION, "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": [{"name": "a", "properties": {"addressPrefix": "10.0.0.0/24"}}]}}))
nic = done(network.network_interfaces.begin_create_or_update(GROUP, "nic", {"location": LOCATION, "properties": {"ipConfigurations": [{"name": "a", "properties": {"subnet": {"id": vnet.subnets[0].id}}}]}}))
machine = {
    "hardwareProfile": {"vmSize": "Standard_B2s"},
    "storageProfile": {
        "imageReference": {"publisher": "Canonical", "offer": "0001-com-ubuntu-server-jammy", "sku": "22_04-lts-gen2", "version": "latest"},
        "dataDisks": [{"lun": 0, "createOption": "Attach", "managedDisk": {"id": disk.id}}],
    },
    "osProfile": {"computerName": "vm", "adminUsername": "someone", "adminPassword": "not-a-real-1-password"},
    "networkProfile": {"networkInterfaces": [{"id": nic.id}]},
}
absent = {"location": LOCATION, "properties": {**machine, "networkProfile": {"networkInterfaces": [{"id": nic.id + "x"}]}}}
machine = {"location": LOCATION, "properties": machine}
refused(lambda: compute.virtual_machines.begin_create_or_update(GROUP, "vm", absent), 404, "NotFound")
vm = done(compute.virtual_machines.begin_create_or_update(GROUP, "vm", machine))
assert vm.provisioning_state == "Succeeded" and vm.vm_id and vm.os_profile.admin_password is None
assert network.network_interfaces.get(GROUP, "nic").virtual_machine.id.endswith("/virtualMachines/vm")
refused(lambda: compute.disks.begin_delete(GROUP, "data"), 409, "OperationNotAllowed")
refused(lambda: network.network_interfaces.begin_delete(GROUP, "nic"), 400, "NicInUse")
assert [one.name for one in compute.virtual_machines.list(GROUP)] == ["vm"]
vm = done(compute.virtual_machines.begin_update(GROUP, "vm", {"tags": {"a": "b"}}))
assert vm.tags == {"a": "b"}
done(compute.virtual_machines.begin_restart(GROUP, "vm"))
done(compute.virtual_machines.begin_delete(GROUP, "vm"))
done(compute.disks.begin_delete(GROUP, "data"))
refused(lambda: compute.disks.get(GROUP, "data"), 404, "ResourceNotFound")
