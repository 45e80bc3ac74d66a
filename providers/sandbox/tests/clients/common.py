"""What every script needs: a client of the sandbox's ARM, over plain http and without credentials."""

import sys

from azure.core.pipeline.policies import HTTPPolicy, RetryPolicy, SansIOHTTPPolicy

SUBSCRIPTION = "9b1c2d3e-4f50-4a6b-8c7d-0123456789ab"
LOCATION = "westeurope"
GROUP = "rg-clients"


class NoAuthentication(SansIOHTTPPolicy):
    """The sandbox's plain port is asked without a token here."""


class NoCredential:
    def get_token(self, *scopes, **options):
        raise AssertionError("no token is needed")


def client(kind, **options):
    """A management client, whose pollers do not wait longer than they must."""
    return kind(
        NoCredential(),
        SUBSCRIPTION,
        base_url=sys.argv[1],
        authentication_policy=NoAuthentication(),
        polling_interval=0,
        **options,
    )


def scope(group=GROUP):
    return f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}"


def group():
    """The resource group that a script works in."""
    from azure.mgmt.resource.resources import ResourceManagementClient

    groups = client(ResourceManagementClient).resource_groups
    groups.create_or_update(GROUP, {"location": LOCATION})
    return groups


def done(poller):
    """The result of a poller, which has to end well."""
    result = poller.result(timeout=60)
    assert poller.status() == "Succeeded", poller.status()
    return result


def refused(call, status, code):
    """A call that has to be refused."""
    from azure.core.exceptions import HttpResponseError

    try:
        answer = call()
        if hasattr(answer, "result"):
            answer.result(timeout=60)
    except HttpResponseError as error:
        assert error.status_code == status, (error.status_code, error.message)
        assert error.error is None or error.error.code == code, error.error.code
        return
    raise AssertionError(f"not refused with {status} {code}")
