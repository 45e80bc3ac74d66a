from azure.mgmt.network import NetworkManagementClient

from common import GROUP, LOCATION, client, done, group, names, polled, refused

group()
network = client(NetworkManagementClient)
rule = {
    "name": "ssh",
    "properties": {
        "protocol": "Tcp", "access": "Allow", "direction": "Inbound", "priority": 100, "sourceAddressPrefix": "*",
        "sourcePortRange": "*", "destinationAddressPrefix": "*", "destinationPortRange": "22",
    },
}
guard = polled(network.network_security_groups.begin_create_or_update(GROUP, "guard", {"location": LOCATION, "properties": {"securityRules": [rule]}}))
assert len(guard.default_security_rules) == 6 and guard.security_rules[0].name == "ssh"
refused(lambda: network.subnets.begin_create_or_update(GROUP, "absent", "x", {"properties": {"addressPrefix": "10.0.0.0/24"}}), 404, "ResourceNotFound")
vnet = polled(network.virtual_networks.begin_create_or_update(GROUP, "vnet", {"location": LOCATION, "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}}))
assert vnet.provisioning_state == "Succeeded"
subnet = polled(network.subnets.begin_create_or_update(GROUP, "vnet", "one", {"properties": {"addressPrefix": "10.0.1.0/24", "networkSecurityGroup": {"id": guard.id}}}))
assert subnet.provisioning_state == "Succeeded" and subnet.private_endpoint_network_policies == "Disabled"
done(network.subnets.begin_create_or_update(GROUP, "vnet", "two", {"properties": {"addressPrefix": "10.0.2.0/24"}}))
read = network.virtual_networks.get(GROUP, "vnet")
assert read.id == vnet.id and len(read.subnets) == 2
assert names(network.virtual_networks.list(GROUP)) == names(network.virtual_networks.list_all()) == ["vnet"]
assert network.subnets.get(GROUP, "vnet", "one").network_security_group.id == guard.id
assert names(network.subnets.list(GROUP, "vnet")) == ["one", "two"]
again = done(network.virtual_networks.begin_create_or_update(GROUP, "vnet", {"location": LOCATION, "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}}))
assert len(again.subnets) == 2, "a PUT that leaves subnets out keeps them"
assert network.network_security_groups.get(GROUP, "guard").subnets[0].id.endswith("/subnets/one")
refused(lambda: network.network_security_groups.begin_delete(GROUP, "guard"), 400, "InUseNetworkSecurityGroupCannotBeDeleted")
address = done(network.public_ip_addresses.begin_create_or_update(GROUP, "address", {"location": LOCATION, "sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}}))
assert address.ip_address
gateway = polled(network.nat_gateways.begin_create_or_update(GROUP, "nat", {"location": LOCATION, "sku": {"name": "Standard"}, "properties": {"publicIpAddresses": [{"id": address.id}]}}))
assert gateway.idle_timeout_in_minutes == 4
refused(lambda: network.public_ip_addresses.begin_delete(GROUP, "address"), 400, "PublicIPAddressCannotBeDeleted")
interface = done(network.network_interfaces.begin_create_or_update(GROUP, "nic", {"location": LOCATION, "properties": {"ipConfigurations": [{"name": "a", "properties": {"subnet": {"id": subnet.id}}}]}}))
assert interface.ip_configurations[0].private_ip_address == "10.0.1.4"
refused(lambda: network.subnets.begin_delete(GROUP, "vnet", "one"), 400, "InUseSubnetCannotBeDeleted")
assert network.network_security_groups.update_tags(GROUP, "guard", {"tags": {"a": "b"}}).tags == {"a": "b"}
table = done(network.route_tables.begin_create_or_update(GROUP, "table", {"location": LOCATION}))
done(network.routes.begin_create_or_update(GROUP, "table", "out", {"properties": {"addressPrefix": "0.0.0.0/0", "nextHopType": "Internet"}}))
assert [one.name for one in network.route_tables.get(GROUP, "table").routes] == ["out"]
other = done(network.virtual_networks.begin_create_or_update(GROUP, "other", {"location": LOCATION, "properties": {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}}}))
peering = done(network.virtual_network_peerings.begin_create_or_update(GROUP, "vnet", "to-other", {"properties": {"remoteVirtualNetwork": {"id": other.id}}}))
assert peering.peering_state == "Initiated"
done(network.virtual_network_peerings.begin_create_or_update(GROUP, "other", "to-vnet", {"properties": {"remoteVirtualNetwork": {"id": vnet.id}}}))
assert network.virtual_network_peerings.get(GROUP, "vnet", "to-other").peering_state == "Connected"
polled(network.virtual_network_peerings.begin_delete(GROUP, "vnet", "to-other"))
assert names(network.virtual_network_peerings.list(GROUP, "vnet")) == []
for number in range(4):
    done(network.public_ip_addresses.begin_create_or_update(GROUP, f"more-{number}", {"location": LOCATION}))
assert len(list(network.public_ip_addresses.list(GROUP))) == 5, "all pages"
polled(network.network_interfaces.begin_delete(GROUP, "nic"))
done(network.subnets.begin_delete(GROUP, "vnet", "one"))
done(network.nat_gateways.begin_delete(GROUP, "nat"))
done(network.public_ip_addresses.begin_delete(GROUP, "address"))
refused(lambda: network.public_ip_addresses.get(GROUP, "address"), 404, "ResourceNotFound")
