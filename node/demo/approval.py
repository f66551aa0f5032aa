"""The scene of the demo in which a policy changes: two officers, the head and the authority see it first."""

from __future__ import annotations

from node.cli.terminal.exits import Exit
from node.client.results import NodeStatus
from node.demo.command import dxnode
from node.demo.officers import HEAD, NAMES
from node.demo.scenes import Play

_WHERE = "human-resources"
_DATASET = "pension-insurance"


def four_eyes(play: Play) -> None:
    """An officer of Human Resources raises a limit; it holds once a colleague has signed too.

    A limit is published among the conditions of use, so that head and authority approve the entry anew.
    """
    stage, city = play.stage, play.city
    path = city.node(_WHERE).policies / f"{_DATASET}.yaml"
    first, second = NAMES
    with stage.scene("four-eyes") as scene:
        before = _status(play)
        stage.tell(
            "demo.four-eyes.before",
            version=before.policy_version,
            officers=tuple(before.policy_approved),
            first=first,
        )
        text = path.read_text("utf-8")
        path.write_text(text.replace("per_day: 50000", "per_day: 60000", 1), "utf-8")
        _sign(play, first, "--new")
        alone = _activate(play)
        kept = _status(play)
        if alone != Exit.OK and kept.policy_digest == before.policy_digest:
            stage.refused("demo.four-eyes.refused", first=first, version=kept.policy_version)
        else:
            stage.fail(stage.word("demo.four-eyes.one-enough"))
        _sign(play, second)
        stage.tell("demo.four-eyes.entry")
        _approve(play, _WHERE, "head")
        _approve(play, "authority", "authority")
        together = _activate(play)
        after = _status(play)
        taken_up = after.policy_version == before.policy_version + 1 and not after.waiting_total
        if together == Exit.OK and taken_up and not after.problems:
            stage.good(
                "demo.four-eyes.in-force",
                second=second,
                version=after.policy_version,
                digest=after.policy_digest.hex()[:16],
            )
        else:
            stage.fail(stage.word("demo.four-eyes.two-too-few"))
        scene.facts |= {
            "before": before.policy_version,
            "signed by one": kept.policy_version,
            "signed by two": after.policy_version,
        }


def _sign(play: Play, name: str, *options: str) -> None:
    folder, officers = play.city.folder, play.city.officers[_WHERE]
    key, passphrase = (path.relative_to(folder) for path in (officers.key(name), officers.passphrase(name)))
    arguments = ("--key", str(key), "--passphrase-file", str(passphrase))
    dxnode(play, "policy", "sign", f"{_WHERE}/policies", *options, *arguments)


def _approve(play: Play, department: str, role: str) -> None:
    folder, officers = play.city.folder, play.city.officers[department]
    key, passphrase = (path.relative_to(folder) for path in (officers.key(HEAD), officers.passphrase(HEAD)))
    arguments = ("--key", str(key), "--passphrase-file", str(passphrase), "--as", role)
    dxnode(play, "catalogue", "approve", _DATASET, "--policies", f"{_WHERE}/policies", *arguments)


def _activate(play: Play) -> int:
    refused = (Exit.OK, Exit.UNAVAILABLE)
    arguments = (f"{_WHERE}/policies", "--config", f"{_WHERE}/node.yaml")
    return dxnode(play, "policy", "activate", *arguments, expected=refused).code


def _status(play: Play) -> NodeStatus:
    with play.city.node(_WHERE).operator() as desk:
        return desk.admin.status()
