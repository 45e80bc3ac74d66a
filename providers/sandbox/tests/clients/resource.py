from azure.mgmt.resource.resources import ResourceManagementClient

from common import GROUP, LOCATION, client, done, group, refused

groups = group()
assert groups.check_existence(GROUP)
assert groups.get(GROUP).properties.provisioning_state == "Succeeded"
for number in range(5):
    groups.create_or_update(f"rg-{number}", {"location": LOCATION, "tags": {"number": str(number)}})
assert len(list(groups.list())) == 6, "all pages"
assert groups.update("rg-1", {"tags": {"a": "b"}}).tags == {"a": "b"}
assert [one.name for one in groups.list(filter="tagName eq 'a' and tagValue eq 'b'")] == ["rg-1"]
done(groups.begin_delete("rg-1"))
assert not groups.check_existence("rg-1")
refused(lambda: groups.get("rg-1"), 404, "ResourceGroupNotFound")
refused(lambda: groups.create_or_update("x", {"location": "nowhere"}), 400, "LocationNotAvailableForResourceGroup")
resources = client(ResourceManagementClient).resources
identity = f"{groups.get(GROUP).id}/providers/Microsoft.Custom/things/thing"
made = done(resources.begin_create_or_update_by_id(identity, api_version="2024-01-01", parameters={"location": LOCATION, "properties": {"a": 1}}))
assert made.properties["a"] == 1 and made.properties["provisioningState"] == "Succeeded"
assert [one.name for one in resources.list_by_resource_group(GROUP)] == ["thing"]
done(resources.begin_delete_by_id(identity, api_version="2024-01-01"))
assert list(resources.list_by_resource_group(GROUP)) == []
