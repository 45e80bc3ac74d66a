from azure.core.exceptions import ClientAuthenticationError
from azure.mgmt.resource.resources import ResourceManagementClient

from common import GROUP, LOCATION, client, credential, done, group, names, polled, refused

stranger = client(ResourceManagementClient, credential=credential("a secret of a real tenant"))
try:
    stranger.resource_groups.get(GROUP)
    raise AssertionError("the sandbox takes its own token only")
except ClientAuthenticationError as error:
    assert "AADSTS7000215" in str(error), error

# A group is made at once: there is nothing to poll.
groups = group()
assert groups.check_existence(GROUP)
assert groups.get(GROUP).properties.provisioning_state == "Succeeded"
for number in range(205):
    groups.create_or_update(f"rg-{number}", {"location": LOCATION, "tags": {"number": str(number)}})
assert len(list(groups.list())) == 206, "all pages"
assert len(list(groups.list(top=3))) == 3
assert groups.update("rg-1", {"tags": {"a": "b"}}).tags == {"a": "b"}
assert names(groups.list(filter="tagName eq 'a' and tagValue eq 'b'")) == ["rg-1"]
polled(groups.begin_delete("rg-1"))
assert not groups.check_existence("rg-1")
refused(lambda: groups.get("rg-1"), 404, "ResourceGroupNotFound")
refused(lambda: groups.create_or_update("x", {"location": "nowhere"}), 400, "LocationNotAvailableForResourceGroup")

resources = client(ResourceManagementClient).resources
identity = f"{groups.get(GROUP).id}/providers/Microsoft.Custom/things/thing"
version = {"api_version": "2024-01-01"}
made = polled(resources.begin_create_or_update_by_id(identity, parameters={"location": LOCATION, "properties": {"a": 1}}, **version))
assert made.properties["a"] == 1 and made.properties["provisioningState"] == "Succeeded"
assert resources.check_existence_by_id(identity, **version)
assert resources.get_by_id(identity, **version).properties["a"] == 1
assert names(resources.list_by_resource_group(GROUP)) == ["thing"]
assert names(resources.list(filter="resourceType eq 'Microsoft.Custom/things'")) == ["thing"]
changed = done(resources.begin_update_by_id(identity, parameters={"tags": {"a": "b"}}, **version))
assert changed.tags == {"a": "b"} and changed.properties["a"] == 1
polled(resources.begin_delete_by_id(identity, **version))
assert not resources.check_existence_by_id(identity, **version)
assert list(resources.list_by_resource_group(GROUP)) == []
