"""What every script needs: clients of a sandbox's process, signed in with its token. Its authority is in REQUESTS_CA_BUNDLE."""

import os
import socket

from azure.core.exceptions import HttpResponseError
from azure.identity import ClientSecretCredential
from azure.mgmt.resource.resources import ResourceManagementClient


def fact(name):
    """One of the things that `formwork sandbox start --json` prints."""
    return os.environ[f"SANDBOX_{name.upper()}"]


SUBSCRIPTION = fact("subscription_id")
TENANT = fact("tenant_id")
LOCATION = "westeurope"
GROUP = "rg-clients"


def credential(secret=None):
    """A service principal of the sandbox's own directory."""
    secret = secret or fact("client_secret")
    return ClientSecretCredential(
        TENANT, fact("client_id"), secret, authority=fact("url"), disable_instance_discovery=True
    )


def client(kind, **options):
    """A management client, whose pollers do not wait longer than they must."""
    return kind(
        options.pop("credential", None) or credential(),
        SUBSCRIPTION,
        base_url=fact("arm"),
        credential_scopes=[f"{fact('arm')}/.default"],
        polling_interval=0,
        **options,
    )


def scope(group=GROUP):
    return f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}"


def group():
    """The resource group that a script works in."""
    groups = client(ResourceManagementClient).resource_groups
    groups.create_or_update(GROUP, {"location": LOCATION})
    return groups


def done(poller):
    """The result of a poller, which has to end well."""
    result = poller.result(timeout=60)
    assert poller.status() == "Succeeded", poller.status()
    return result


def polled(poller):
    """The same of work that takes its time: the first answer has to say where to ask how far it is."""
    told = poller.polling_method()._initial_response.http_response.headers
    assert "Azure-AsyncOperation" in told or "Location" in told, dict(told)
    return done(poller)


def names(page):
    """The names in a list, over all its pages."""
    return sorted(one.name for one in page)


def refused(call, status, code):
    """A call that has to be refused."""
    try:
        answer = call()
        if hasattr(answer, "result"):
            answer.result(timeout=60)
    except HttpResponseError as error:
        assert error.status_code == status, (error.status_code, error.message)
        assert error.error is None or error.error.code == code, error.error.code
        return
    raise AssertionError(f"not refused with {status} {code}")


def resolve_vaults():
    """Names below `localhost` are this machine's; some resolvers do not know that."""
    asked = socket.getaddrinfo

    def getaddrinfo(host, *rest, **named):
        return asked("127.0.0.1" if str(host).endswith(".localhost") else host, *rest, **named)

    socket.getaddrinfo = getaddrinfo
