"""One flow through the API by the client that openapi-python-client makes."""

import base64
import json
import subprocess
import sys

from clouds_for_client import AuthenticatedClient
from clouds_for_client.api.vms import create_vm, create_vm_action, delete_vm, get_vm
from clouds_for_client.models import CreateVm, SnapshotVm, Vm
from clouds_for_client.models.create_vm_region import CreateVmRegion


def request(**changes):
    asked = {"name": "web", "region": CreateVmRegion("moscow_01"), "image": "debian-12",
             "size": 1, "cpu": 1, "disk_size": 10}
    return CreateVm(**{**asked, **changes})


def flow(client):
    first = create_vm.sync_detailed(client=client, body=request(), idempotency_key="one")
    again = create_vm.sync_detailed(client=client, body=request(), idempotency_key="one")
    assert first.status_code == 202, first
    assert again.parsed.vm.id == first.parsed.vm.id, again
    assert again.headers["Idempotent-Replayed"] == "true", again.headers

    vm = get_vm.sync(first.parsed.vm.id, client=client, wait=30).vm
    assert vm.status == "running" and not vm.locked, vm
    snapshot = SnapshotVm(type_="snapshot", name="before")
    action = create_vm_action.sync_detailed(vm.id, client=client, body=snapshot)
    assert action.status_code == 201, action
    vm = get_vm.sync(vm.id, client=client, wait=30).vm
    assert len(vm.snapshot_ids) == 1, vm

    refused = create_vm.sync_detailed(client=client, body=request(size=0.3, cpu=0))
    assert refused.status_code == 422, refused
    assert {fault.name for fault in refused.parsed.fields} == {"size", "cpu"}, refused.parsed

    assert delete_vm.sync_detailed(vm.id, client=client).status_code == 204
    return vm


def reads_a_later_version(vm):
    """A status, a feature and an attribute that this version doesn't have."""
    later = {**vm.to_dict(), "status": "migrating", "features": ["teleport"], "rack": 7}
    read = Vm.from_dict(later)
    assert read.status == "migrating" and read.features == ["teleport"], read
    assert read.additional_properties["rack"] == 7, read


def main():
    command = [sys.argv[1], "serve", "--ephemeral", "--create-time", "10ms"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as service:
        try:
            ready = json.loads(service.stdout.readline())
            token = f"{ready['email']}:{ready['password']}".encode()
            client = AuthenticatedClient(
                base_url=ready["endpoint"],
                token=base64.b64encode(token).decode(),
                prefix="Basic",
            )
            reads_a_later_version(flow(client))
        finally:
            service.terminate()


main()
