from azure.mgmt.dns import DnsManagementClient

from common import GROUP, client, done, group, refused

group()
dns = client(DnsManagementClient)
zone = dns.zones.create_or_update(GROUP, "example.com", {"location": "global"})
assert len(zone.name_servers) == 4
record = dns.record_sets.create_or_update(GROUP, "example.com", "www", "A", {"properties": {"TTL": 300, "ARecords": [{"ipv4Address": "192.0.2.1"}]}})
assert record.fqdn == "www.example.com." and record.provisioning_state == "Succeeded"
record = dns.record_sets.update(GROUP, "example.com", "www", "A", {"properties": {"TTL": 60}})
assert record.ttl == 60 and record.a_records[0].ipv4_address == "192.0.2.1"
dns.record_sets.create_or_update(GROUP, "example.com", "txt", "TXT", {"properties": {"TTL": 300, "TXTRecords": [{"value": ["a"]}]}})
assert [one.name for one in dns.record_sets.list_by_type(GROUP, "example.com", "A")] == ["www"]
dns.record_sets.delete(GROUP, "example.com", "www", "A")
refused(lambda: dns.record_sets.get(GROUP, "example.com", "www", "A"), 404, "NotFound")
assert [one.name for one in dns.zones.list_by_resource_group(GROUP)] == ["example.com"]
done(dns.zones.begin_delete(GROUP, "example.com"))
