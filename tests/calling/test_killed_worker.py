"""What a process that is killed outright leaves is taken over by the next one on its machine: whole, and once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from calling_rig import Rig

from deployments.simulator.config import Fault
from tasks.calling.journal import Journal, one_at_a_time
from tasks.calling.recovery import recover

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployments.simulator.running import RunningSimulator

HERE = Path(__file__).parent
MODELS: dict[str, dict[str, object]] = {"m": {}, "slow": {}}


@pytest.fixture
def killed(
    simulate: Callable[..., RunningSimulator], make_rig: Callable[..., Rig]
) -> Callable[..., tuple[RunningSimulator, Rig]]:
    """A rig after a worker with finished and hanging calls was killed with SIGKILL."""

    def run(finished: int, hanging: int, *, upload: bool = False) -> tuple[RunningSimulator, Rig]:
        simulator = simulate(faults=(Fault(kind="hang", model="slow"),))
        rig = make_rig(simulator.url, MODELS)
        command = [sys.executable, str(HERE / "killed_worker.py"), simulator.url, rig.store.url, "run"]
        command += [str(finished), str(hanging), "upload" if upload else "keep"]
        environment = {**os.environ, "PYTHONPATH": f"{HERE}:{HERE.parent.parent}"}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            process.send_signal(signal.SIGKILL)
        return simulator, rig

    return run


@pytest.mark.parametrize("upload", [False, True])
def test_finished_calls_are_not_paid_again_and_lost_ones_cost_their_reservation(
    killed: Callable[..., tuple[RunningSimulator, Rig]], upload: bool
) -> None:
    simulator, rig = killed(5, 2, upload=upload)
    session = rig.open()
    rows = rig.rows()
    lost = [row for row in rows if row["status"] == "lost"]
    assert len(rows) == 7
    assert sorted(row["request_id"] for row in lost) == ["s0", "s1"]
    assert all(row["usd"] == row["usd_estimated"] > 0 for row in lost)
    assert session.calls.ledger.spending.usd == pytest.approx(sum(row["usd"] for row in rows))
    for n in range(5):
        assert session.get(f"hello {n}", row=session.row(f"r{n}")).cached is False
    assert simulator.stats()["by_model"]["m"]["calls"] == 5
    assert [path.stem for path in rig.journals().glob("*.jsonl")] == [session.calls.ledger.worker]


def test_recovery_that_is_killed_before_it_forgets_the_journal_comes_to_the_same(
    killed: Callable[..., tuple[RunningSimulator, Rig]],
) -> None:
    _, rig = killed(3, 2)
    (journal,) = rig.journals().glob("*.jsonl")
    kept = journal.read_bytes()
    assert recover(rig.store, "run", rig.journals()) == 2
    once = rig.rows()
    journal.write_bytes(kept)
    assert recover(rig.store, "run", rig.journals()) == 0
    assert rig.rows() == once


def test_a_torn_last_line_and_a_torn_line_after_a_power_cut_are_ignored(
    killed: Callable[..., tuple[RunningSimulator, Rig]],
) -> None:
    _, rig = killed(3, 0)
    (journal,) = rig.journals().glob("*.jsonl")
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:-1]) + b"\0" * 300 + b"\n" + lines[-1][:-20])
    rig.open()
    assert sorted((row["request_id"], row["status"]) for row in rig.rows()) == [
        ("r0", "ok"),
        ("r1", "ok"),
        ("r2", "lost"),
    ]


def test_several_processes_at_once_recover_a_journal_once(
    killed: Callable[..., tuple[RunningSimulator, Rig]],
) -> None:
    _, rig = killed(20, 3)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: recover(rig.store, "run", rig.journals()), range(8)))
    assert sorted(found) == [0] * 7 + [3]
    assert len(rig.rows()) == 23


def test_who_comes_while_another_recovers_finds_everything_in_the_store_when_it_goes_on(
    killed: Callable[..., tuple[RunningSimulator, Rig]],
) -> None:
    """Otherwise it would take what the dead one spent for money that is left."""
    _, rig = killed(5, 1)
    threads = ThreadPoolExecutor(1)
    with one_at_a_time(rig.journals()):
        late = threads.submit(recover, rig.store, "run", rig.journals())
        with pytest.raises(TimeoutError):
            late.result(timeout=0.2)
        assert rig.rows() == []
    assert late.result(timeout=5) == 1
    threads.shutdown()
    assert len(rig.rows()) == 6


def test_a_living_process_keeps_its_journal_to_itself(
    simulate: Callable[..., RunningSimulator], make_rig: Callable[..., Rig]
) -> None:
    rig = make_rig(simulate().url)
    alive = rig.open()
    alive.get("hello")
    assert recover(rig.store, "run", rig.journals()) == 0
    assert rig.rows() == []
    assert len(alive.rows()) == 1


def test_a_journal_is_under_lock_from_the_moment_it_has_its_name(tmp_path: Path) -> None:
    """Otherwise a neighbour that starts at the same time would take it for a dead one's."""

    def begin(number: int) -> bool:
        journal = Journal(tmp_path, f"w{number}")
        recover(None, "run", tmp_path)  # type: ignore[arg-type]
        alive = journal.path.exists() and os.fstat(journal._file).st_nlink == 1
        journal.close(remove=True)
        return alive

    with ThreadPoolExecutor(16) as threads:
        assert all(threads.map(begin, range(400)))
    assert list(tmp_path.iterdir()) == []


def test_the_same_worker_does_not_begin_a_second_journal(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "w")
    journal.append("start", {"start": 1})
    with pytest.raises(FileExistsError):
        Journal(tmp_path, "w")
    assert journal.read(0) == {"start": 1}
    journal.close()


def test_decisions_of_a_killed_worker_are_read_back(
    simulate: Callable[..., RunningSimulator], make_rig: Callable[..., Rig]
) -> None:
    rig = make_rig(simulate().url)
    dead = rig.open()
    dead.calls.ledger.decide("r1", "draft", 0, {"model": "m"})
    dead.close()  # lets go of the lock without uploading, as a kill does
    assert rig.open().calls.ledger.decision("r1", "draft", 0) == {"model": "m"}


def test_a_call_sent_again_and_then_lost_costs_all_its_attempts(
    simulate: Callable[..., RunningSimulator], make_rig: Callable[..., Rig]
) -> None:
    rig = make_rig(simulate().url)
    ledger = rig.open().calls.ledger
    number = ledger.started("call", "r1", "m", 1.0)
    assert ledger.started("call", "r1", "m", 2.5, number) == number
    ledger.close(remove=False)
    rig.open()
    (row,) = rig.rows()
    assert (row["status"], row["usd"]) == ("lost", 2.5)


def test_a_line_that_the_disk_has_no_room_for_leaves_nothing_behind(tmp_path: Path) -> None:
    script = (
        "import resource, signal, sys; from pathlib import Path; from tasks.calling.journal import Journal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "journal = Journal(Path(sys.argv[1]), 'w'); journal.append('start', {'start': 1})\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: journal.append('call', {'row': 'x' * 5000})\n"
        "except OSError: pass\n"
        "else: raise SystemExit('there was room')\n"
        "offset = journal.append('start', {'start': 2}); assert journal.read(offset) == {'start': 2}\n"
        "assert len(list(journal.lines(0, journal.size_bytes))) == 2\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    subprocess.run(command, check=True, cwd=HERE.parent.parent)
