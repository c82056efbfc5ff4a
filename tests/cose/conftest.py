"""Keys from fixed seeds, and a statement by each."""

import pytest

from troth.cose import PrivateKey, sign


@pytest.fixture(scope="session")
def ed25519():
    return PrivateKey.ed25519(bytes(range(32)))


@pytest.fixture(scope="session")
def es256():
    return PrivateKey.es256(bytes(range(1, 33)))


@pytest.fixture(scope="session", params=["ed25519", "es256"])
def private(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session")
def make():
    """A function that signs a statement with anything in it changed."""

    def made(private, **changed):
        parts = {
            "iss": "https://lab.example",
            "sub": "https://lab.example/models/one",
            "iat": 1_795_000_000,
            "content_type": "application/json",
            "payload": b'{"a":1}',
        }
        return sign(private, **(parts | changed))

    return made
