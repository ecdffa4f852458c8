"""Checks that a run uses keys as the earlier runs of its output did, before it publishes anything.

Commands check before they wait for the lock, so that a wrong option is told at once, and again when they hold it: the
first run of the output may have ended meanwhile, and what it used decides for all that follow.
"""

from __future__ import annotations

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.archive.certificate import CERTIFICATE_KEY
from hushbeam.transforms.archive.ledger import some_published_ids
from hushbeam.transforms.archive.runs.identity_key import check_identity_key
from hushbeam.transforms.archive.tables.earlier_runs import lists_are_signed
from hushbeam.transforms.base.secrets import OFF
from hushbeam.transforms.read_manifest.pseudonyms import HASH_IDENTITIES, Pseudonyms, is_pseudonym


def check_signed_as_before(output: str, certificate_key: str | None) -> None:
    """Checks that a command does not forget the key of earlier runs: a lost signature does not come back.

    Args:
      certificate_key: The reference to a key, `off`, or None if the option is not given.

    Raises:
      ConfigurationError: Earlier runs signed, and the option is not given.
    """
    if certificate_key is None and lists_are_signed(output):
        raise ConfigurationError(
            f"{CERTIFICATE_KEY}: earlier runs of this output signed what they wrote; give the same key. With "
            f"`{CERTIFICATE_KEY} {OFF}`, certificates and lists that change lose their signatures, and every "
            "audit will report them"
        )


def check_identities_as_before(output: str, *, hashed: bool) -> None:
    """Checks that a run does not write plain ids beside pseudonyms, or the other way round.

    Raises:
      ConfigurationError: What earlier runs published is of the other kind.
    """
    kinds = set(map(is_pseudonym, some_published_ids(output)))
    if hashed in kinds:
        return  # also where runs of both kinds wrote
    if True in kinds:
        raise ConfigurationError(
            f"{HASH_IDENTITIES}: earlier runs of this output hid ids and URLs. Give the same key, or name a new output "
            "for plain ones"
        )
    if False in kinds:
        raise ConfigurationError(
            f"{HASH_IDENTITIES}: earlier runs of this output wrote ids and URLs as they are; name a new output"
        )


def check_hashed_with_same_key(output: str, hash_identities: str | None) -> None:
    """Checks that ids are hashed with the key of the earlier runs, where this process can read it.

    Args:
      hash_identities: The reference to the key; None if ids are not hashed.

    Raises:
      ConfigurationError: It is another key, or cannot be read.
    """
    if hash_identities is not None:
        check_identity_key(output, Pseudonyms(hash_identities).check_value)
