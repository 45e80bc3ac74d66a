from azure.mgmt.dns import DnsManagementClient

from common import GROUP, client, group, names, polled, refused

group()
dns = client(DnsManagementClient)
# Zones and records are made and changed at once; only a zone's deletion is polled.
zone = dns.zones.create_or_update(GROUP, "example.com", {"location": "global"})
assert len(zone.name_servers) == 4
again = dns.zones.get(GROUP, "example.com")
assert (again.id, again.name_servers, again.etag) == (zone.id, zone.name_servers, zone.etag)
tagged = dns.zones.update(GROUP, "example.com", {"tags": {"a": "b"}})
assert tagged.tags == {"a": "b"} and tagged.etag != zone.etag
refused(lambda: dns.zones.create_or_update(GROUP, "example.com", {"location": "global"}, if_match=zone.etag), 412, "PreconditionFailed")
refused(lambda: dns.record_sets.get(GROUP, "example.com", "www", "A"), 404, "NotFound")
record = dns.record_sets.create_or_update(GROUP, "example.com", "www", "A", {"properties": {"TTL": 300, "ARecords": [{"ipv4Address": "192.0.2.1"}]}})
assert record.fqdn == "www.example.com." and record.provisioning_state == "Succeeded"
record = dns.record_sets.get(GROUP, "example.com", "www", "A")
assert record.ttl == 300 and record.a_records[0].ipv4_address == "192.0.2.1"
record = dns.record_sets.update(GROUP, "example.com", "www", "A", {"properties": {"TTL": 60}})
assert record.ttl == 60 and record.a_records[0].ipv4_address == "192.0.2.1"
dns.record_sets.create_or_update(GROUP, "example.com", "txt", "TXT", {"properties": {"TTL": 300, "TXTRecords": [{"value": ["a"]}]}})
assert names(dns.record_sets.list_by_type(GROUP, "example.com", "A")) == ["www"]
assert {"www", "txt"} <= set(names(dns.record_sets.list_by_dns_zone(GROUP, "example.com")))
dns.record_sets.delete(GROUP, "example.com", "www", "A")
refused(lambda: dns.record_sets.get(GROUP, "example.com", "www", "A"), 404, "NotFound")
assert names(dns.zones.list_by_resource_group(GROUP)) == ["example.com"]
assert names(dns.zones.list()) == ["example.com"]
polled(dns.zones.begin_delete(GROUP, "example.com"))
refused(lambda: dns.zones.get(GROUP, "example.com"), 404, "ResourceNotFound")
