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
    with stage.scene("four-eyes", "改策略：要两个人签字", "Four eyes: a policy changes") as scene:
        before = _status(play)
        stage.tell(
            f"人社局节点执行第 {before.policy_version} 版策略，由{'、'.join(before.policy_approved)}"
            f"两位数据共享管理员签署。{first} 想把一条每日限额从 50000 次提高到 60000 次：",
            f"Human Resources enforces version {before.policy_version} of its policies, signed by "
            f"{' and '.join(before.policy_approved)}. Now {first} wants to raise a daily limit from 50,000 "
            "to 60,000:",
        )
        text = path.read_text("utf-8")
        path.write_text(text.replace("per_day: 50000", "per_day: 60000", 1), "utf-8")
        _sign(play, first, "--new")
        alone = _activate(play)
        kept = _status(play)
        if alone != Exit.OK and kept.policy_digest == before.policy_digest:
            stage.refused(
                f"只有 {first} 一人签字：不予启用，节点继续执行第 {kept.policy_version} 版",
                f"signed by {first} alone: refused, version {kept.policy_version} stays in force",
            )
        else:
            stage.fail(stage.word("一人签字就启用了", "one signature was enough"))
        _sign(play, second)
        stage.tell(
            "限额是目录列明的使用条件，条目因此有了新版本：部门负责人审核同意，主管部门审核通过（条例第十三、十六条），"
            "否则节点不再提供该数据集：",
            "A limit is one of the published conditions of use, so this is a new version of the catalogue "
            "entry: the head of the department approves it and the authority reviews it (Art. 13, 16), else "
            "the node would serve the dataset no more:",
        )
        _approve(play, _WHERE, "head")
        _approve(play, "authority", "authority")
        together = _activate(play)
        after = _status(play)
        taken_up = after.policy_version == before.policy_version + 1 and not after.waiting_total
        if together == Exit.OK and taken_up and not after.problems:
            stage.good(
                f"{second} 审阅后也签了字：第 {after.policy_version} 版已启用，节点没有重启；"
                f"此后每条判定都写明策略包 {after.policy_digest.hex()[:16]}",
                f"{second} has read and signed it too: version {after.policy_version} is in force, without a "
                f"restart; from now on each decision names the bundle {after.policy_digest.hex()[:16]}",
            )
        else:
            stage.fail(stage.word("两人签字后没有启用", "two signatures were not enough"))
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
