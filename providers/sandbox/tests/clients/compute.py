from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.network import NetworkManagementClient

from common import GROUP, LOCATION, client, done, group, names, polled, refused

group()
compute = client(ComputeManagementClient)
network = client(NetworkManagementClient)
disk = polled(compute.disks.begin_create_or_update(GROUP, "data", {"location": LOCATION, "properties": {"diskSizeGB": 64, "creationData": {"createOption": "Empty"}}}))
assert disk.provisioning_state == "Succeeded" and disk.disk_state == "Unattached"
assert compute.disks.get(GROUP, "data").disk_size_gb == 64
assert done(compute.disks.begin_update(GROUP, "data", {"properties": {"diskSizeGB": 128}})).disk_size_gb == 128
assert names(compute.disks.list_by_resource_group(GROUP)) == names(compute.disks.list()) == ["data"]
# Keys and availability sets are made, changed and deleted at once.
compute.ssh_public_keys.create(GROUP, "key", {"location": LOCATION})
assert compute.ssh_public_keys.generate_key_pair(GROUP, "key").public_key.startswith("ssh-rsa ")
assert compute.ssh_public_keys.get(GROUP, "key").public_key.startswith("ssh-rsa ")
assert compute.ssh_public_keys.update(GROUP, "key", {"tags": {"a": "b"}}).tags == {"a": "b"}
assert names(compute.ssh_public_keys.list_by_resource_group(GROUP)) == ["key"]
compute.ssh_public_keys.delete(GROUP, "key")
refused(lambda: compute.ssh_public_keys.get(GROUP, "key"), 404, "ResourceNotFound")
compute.availability_sets.create_or_update(GROUP, "set", {"location": LOCATION, "sku": {"name": "Aligned"}, "properties": {"platformFaultDomainCount": 2}})
assert compute.availability_sets.get(GROUP, "set").platform_fault_domain_count == 2
assert compute.availability_sets.update(GROUP, "set", {"tags": {"a": "b"}}).tags == {"a": "b"}
assert names(compute.availability_sets.list(GROUP)) == ["set"]
compute.availability_sets.delete(GROUP, "set")
refused(lambda: compute.availability_sets.get(GROUP, "set"), 404, "ResourceNotFound")
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
vm = polled(compute.virtual_machines.begin_create_or_update(GROUP, "vm", machine))
assert vm.provisioning_state == "Succeeded" and vm.vm_id and vm.os_profile.admin_password is None
read = compute.virtual_machines.get(GROUP, "vm")
assert (read.id, read.vm_id, read.hardware_profile.vm_size) == (vm.id, vm.vm_id, "Standard_B2s")
assert network.network_interfaces.get(GROUP, "nic").virtual_machine.id.endswith("/virtualMachines/vm")
refused(lambda: compute.disks.begin_delete(GROUP, "data"), 409, "OperationNotAllowed")
refused(lambda: network.network_interfaces.begin_delete(GROUP, "nic"), 400, "NicInUse")
assert names(compute.virtual_machines.list(GROUP)) == names(compute.virtual_machines.list_all()) == ["vm"]
vm = done(compute.virtual_machines.begin_update(GROUP, "vm", {"tags": {"a": "b"}}))
assert vm.tags == {"a": "b"}
done(compute.virtual_machines.begin_restart(GROUP, "vm"))
polled(compute.virtual_machines.begin_delete(GROUP, "vm"))
refused(lambda: compute.virtual_machines.get(GROUP, "vm"), 404, "ResourceNotFound")
polled(compute.disks.begin_delete(GROUP, "data"))
refused(lambda: compute.disks.get(GROUP, "data"), 404, "ResourceNotFound")

model = {
    "osProfile": {"computerNamePrefix": "vm", "adminUsername": "someone", "adminPassword": "not-a-real-1-password"},
    "storageProfile": {"imageReference": machine["properties"]["storageProfile"]["imageReference"]},
    "networkProfile": {"networkInterfaceConfigurations": [{"name": "a", "properties": {"primary": True, "ipConfigurations": [{"name": "a", "properties": {"subnet": {"id": vnet.subnets[0].id}}}]}}]},
}
scale_set = {"location": LOCATION, "sku": {"name": "Standard_B2s", "capacity": 2}, "properties": {"upgradePolicy": {"mode": "Manual"}, "virtualMachineProfile": model}}
made = polled(compute.virtual_machine_scale_sets.begin_create_or_update(GROUP, "set", scale_set))
assert made.provisioning_state == "Succeeded" and made.sku.capacity == 2
assert done(compute.virtual_machine_scale_sets.begin_update(GROUP, "set", {"sku": {"name": "Standard_B2s", "capacity": 3}})).sku.capacity == 3
assert compute.virtual_machine_scale_sets.get(GROUP, "set").sku.capacity == 3
assert names(compute.virtual_machine_scale_sets.list(GROUP)) == ["set"]
polled(compute.virtual_machine_scale_sets.begin_delete(GROUP, "set"))
refused(lambda: compute.virtual_machine_scale_sets.get(GROUP, "set"), 404, "ResourceNotFound")
