import json
import socket
from pathlib import Path

from local.engines.ports import FIRST, LAST, Ports


class TestPorts:
    def test_a_name_keeps_its_port_from_run_to_run(self, tmp_path: Path) -> None:
        file = tmp_path / ".local/ports.json"
        first = Ports(file)["kafka"]
        assert first == Ports(file)["kafka"]

    def test_names_get_different_ports_outside_of_the_ephemeral_range(self, tmp_path: Path) -> None:
        ports = Ports(tmp_path / "ports.json")
        given = {ports[name] for name in ("kafka", "cassandra", "valkey")}
        assert len(given) == 3
        assert all(FIRST <= port <= LAST for port in given)

    def test_a_remembered_port_that_someone_took_is_replaced(self, tmp_path: Path) -> None:
        file = tmp_path / "ports.json"
        with socket.create_server(("127.0.0.1", 0)) as stranger:
            taken = stranger.getsockname()[1]
            file.write_text(json.dumps({"kafka": taken}))
            assert taken != Ports(file)["kafka"]
            assert taken not in json.loads(file.read_text()).values()

    def test_a_port_whose_owner_runs_stays_its_port(self, tmp_path: Path) -> None:
        ports = Ports(tmp_path / "ports.json")
        port = ports["kafka"]
        with socket.create_server(("127.0.0.1", port)):
            assert port == ports["kafka"]
