"""Body and signature of notifications, checked with the standard's own library."""

from __future__ import annotations

import base64
import json
import pickle
from datetime import UTC, datetime, timedelta, timezone

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.notify.message import Signer, notification_id, ready_notification

_OLD = "whsec_" + base64.b64encode(b"o" * 24).decode()
_NEW = "whsec_" + base64.b64encode(b"n" * 32).decode()
_NOTIFICATION = ready_notification("call-1", "redacted_audio_ready", "gs://public/a.wav", "c0ffee" * 10 + "0123")


def test_the_body_is_the_seed_form_with_our_ids() -> None:
    assert json.loads(_NOTIFICATION.body) == {
        "status": "redacted_audio_ready",
        "redacted_audio_url": "gs://public/a.wav",
        "transcript_id": "call-1",
        "recording_id": "call-1",
        "output_identity": "c0ffee" * 10 + "0123",
    }


def test_the_id_follows_from_the_output_alone() -> None:
    assert _NOTIFICATION.notification_id == notification_id("c0ffee" * 10 + "0123")
    assert notification_id("d" * 64) != _NOTIFICATION.notification_id
    assert "." not in _NOTIFICATION.notification_id


def test_a_receiver_with_the_old_or_the_new_secret_accepts() -> None:
    headers = Signer([_NEW, _OLD]).headers(_NOTIFICATION, datetime.now(UTC))
    for secret in (_OLD, _NEW):
        assert Webhook(secret).verify(_NOTIFICATION.body, headers) == json.loads(_NOTIFICATION.body)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + base64.b64encode(b"x" * 24).decode()).verify(_NOTIFICATION.body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(_NEW).verify(_NOTIFICATION.body.replace(b"call-1", b"call-2"), headers)


def test_without_a_secret_there_is_an_id_and_no_signature() -> None:
    headers = Signer([]).headers(_NOTIFICATION, datetime.now(UTC))
    assert set(headers) == {"webhook-id", "webhook-timestamp"}


def test_a_time_that_is_not_utc_is_a_defect() -> None:
    signer = Signer([_NEW])
    for at in (datetime.now(), datetime.now(timezone(timedelta(hours=2)))):
        with pytest.raises(ValueError, match="UTC"):
            signer.headers(_NOTIFICATION, at)


@pytest.mark.parametrize(
    "secret",
    ["whsec_" + base64.b64encode(b"x" * 23).decode(), "my secret pass phrase, which is long", "whsec_", "Zm9v"],
)
def test_a_weak_secret_is_refused_and_not_repeated(secret: str) -> None:
    with pytest.raises(ConfigurationError, match="--webhook_signing_secrets: secret 2") as caught:
        Signer([_NEW, secret])
    assert secret.removeprefix("whsec_") not in str(caught.value) or secret == "whsec_"


def test_a_signer_shows_and_pickles_nothing() -> None:
    signer = Signer([_NEW])
    assert _NEW[6:] not in repr(signer)
    with pytest.raises(TypeError, match="stays in its worker"):
        pickle.dumps(signer)
