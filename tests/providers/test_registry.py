"""From names and keys to adapters."""

import ast
from pathlib import Path

import httpx
import pytest

from providers import infos, registry
from providers.kinds import ResolutionClass
from providers.komoju.adapter import KomojuProvider
from providers.network import Reach

KEYS = {"secret_key": "sk_test_canary"}


def test_komoju_is_described_without_keys():
    info = registry.describe("komoju")
    assert info.hosts == {"komoju": "https://komoju.com/api/v1"}
    assert [(one.name, one.secret, one.required) for one in info.credentials] == [
        ("secret_key", True, True),
        ("publishable_key", False, False),
        ("webhook_secret", True, False),
    ]
    assert info.switches == ("partial_refund_with_tax",)
    assert registry.capabilities("komoju").resolution is ResolutionClass.KEY_AND_LOOK_UP


def test_every_host_of_every_provider_is_https():
    for info in registry.PROVIDERS.values():
        for host in info.hosts:
            base, reach = registry.base_address(info.name, host)
            assert (base.startswith("https://"), reach) == (True, Reach.PUBLIC)


def test_the_emulator_is_a_host_only_where_its_address_is_given():
    base = "http://127.0.0.1:5555/komoju"
    for given in (base, base + "/"):
        assert registry.base_address("komoju", "emulator", given) == (base + "/api/v1", Reach.LOOPBACK)
    with pytest.raises(registry.UnknownProvider, match="KOMOJU has no host entry 'emulator'"):
        registry.base_address("komoju", "emulator")
    assert registry.base_address("komoju", "komoju", base)[1] is Reach.PUBLIC


@pytest.mark.parametrize(("provider", "host"), [("kojomu", "komoju"), ("komoju", "https://evil.test"), ("", "")])
def test_an_unknown_name_is_a_clear_error(provider, host):
    with pytest.raises(registry.UnknownProvider, match=r"No such provider|no host entry"):
        registry.build(provider, host, KEYS)


def test_an_adapter_is_built_and_opens_nothing_yet():
    built = registry.build("komoju", "komoju", {**KEYS, "publishable_key": "pk"})
    assert isinstance(built, KomojuProvider)
    built.close()


@pytest.mark.parametrize(
    "credentials",
    [{}, {"secret_key": ""}, {**KEYS, "password": "canary"}]
    + [{"secret_key": bad} for bad in ("canary\r\nX-Evil: 1", "canaryキー", "can:ary", "canary\0")],
)
def test_wrong_credentials_name_fields_and_never_values(credentials):
    with pytest.raises(infos.WrongCredentials) as refusal:
        registry.build("komoju", "komoju", credentials)
    assert "canary" not in str(refusal.value)
    assert "can:ary" not in str(refusal.value)
    assert refusal.value.__context__ is None


def test_the_real_host_never_leads_to_the_emulators_network():
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=[]))
    built = registry.build("komoju", "komoju", KEYS, transport=transport)
    assert list(built.fetch_methods()) == []


def test_only_the_registry_names_an_adapter():
    root = Path(registry.__file__).parent
    for path in [*root.glob("*.py"), *root.glob("emulator/**/*.py")]:
        if path.name == "registry.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            adapters = tuple(f"providers.{name}" for name in registry.PROVIDERS)
            assert not any(name.startswith(adapters) for name in names), path
