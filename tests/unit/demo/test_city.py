"""A city is built so that every node can start: settings, keys, policies, data, directory."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from node.app.live.policy_loading import load_active, load_policies
from node.app.live.publishing import publish
from node.config.file import load_settings
from node.crypto.signing import Verifier
from node.demo.city import City, build_city
from node.demo.departments import AUTHORITY, DEPARTMENTS, GRANTS, department
from node.demo.officers import NAMES
from node.demo.size import FEWEST
from node.documents.directory_file import read_directory
from node.documents.officer_key import open_officer_key
from node.errors import NodeError, Reason

pytestmark = pytest.mark.slow("data is built by processes of their own")


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    return build_city(tmp_path_factory.mktemp("city"), FEWEST)


def test_settings_of_every_node_are_in_order(city: City) -> None:
    for each in DEPARTMENTS:
        settings = load_settings(city.node(each.name).config)
        assert settings.department.code == each.code
        assert set(settings.sources) == set(each.datasets)


def test_directory_lists_every_department_with_its_endpoint(city: City) -> None:
    for node in city.nodes.values():
        settings = load_settings(node.config)
        directory = read_directory(settings.directory.read_bytes(), Verifier.parse(settings.authority))
        assert set(directory.members) == {each.code for each in DEPARTMENTS}
        assert directory.members[node.department.code].endpoint == settings.exchange.advertise
        assert [code for code, member in directory.members.items() if member.roles] == [AUTHORITY.code]


def test_columns_of_every_register_are_those_of_its_policy(city: City) -> None:
    for each in DEPARTMENTS:
        policies = load_policies(city.node(each.name).folder / "policies", each.code)
        assert set(policies.datasets) == set(each.datasets)
        for name, policy in policies.datasets.items():
            fields = {policy.dataset.subject.field, *policy.dataset.fields}
            assert set(city.registers.datasets[name].columns) == fields


def test_granted_questions_stand_in_the_policies(city: City) -> None:
    for grant in GRANTS:
        provider = city.node(grant.provider)
        policies = load_policies(provider.folder / "policies", department(grant.provider).code)
        assert set(grant.questions) <= set(policies.datasets[grant.dataset].questions)


def test_policies_of_every_node_are_in_place_and_signed_by_two_officers(city: City) -> None:
    for node in city.nodes.values():
        settings = load_settings(node.config)
        assert not settings.policies.unsigned
        directory = read_directory(settings.directory.read_bytes(), Verifier.parse(settings.authority))
        loaded = load_active(settings, directory.members[node.department.code], None, datetime.now(UTC))
        assert loaded.approved == NAMES
        assert set(loaded.policies.datasets) == set(node.department.datasets)


def test_entries_of_every_node_are_approved_by_its_head_and_the_authority(city: City) -> None:
    for node in city.nodes.values():
        settings = load_settings(node.config)
        directory = read_directory(settings.directory.read_bytes(), Verifier.parse(settings.authority))
        now = datetime.now(UTC)
        loaded = load_active(settings, directory.members[node.department.code], None, now)
        published = publish(loaded, settings.policies.folder, directory, now)
        assert published.waiting == ()
        assert set(published.policies.datasets) == set(node.department.datasets)


def test_officers_passphrases_open_their_keys_and_no_node_has_them(city: City) -> None:
    officers = city.officers["human-resources"]
    for name, signer in zip(NAMES, officers.signers, strict=True):
        passphrase = officers.passphrase(name).read_text().strip()
        assert open_officer_key(officers.key(name), passphrase).verifier == signer.verifier
        assert officers.key(name) not in city.node("human-resources").folder.rglob("*")


def test_private_keys_are_readable_by_their_owner_alone(city: City) -> None:
    private = [
        *city.folder.rglob("*.key"),
        *city.folder.rglob("*.passphrase"),
        *city.folder.rglob("keys/*.json"),
    ]
    assert len(private) > 6 * 5
    assert all(path.stat().st_mode & 0o077 == 0 for path in private)


def test_departments_share_no_private_key(city: City) -> None:
    contents = [path.read_bytes() for path in city.folder.rglob("keys/*.json")]
    assert len(set(contents)) == len(contents)


def test_second_city_in_the_same_folder_is_refused(city: City) -> None:
    with pytest.raises(NodeError) as refused:
        build_city(city.folder, FEWEST)
    assert refused.value.reason is Reason.CONFIG_INVALID
