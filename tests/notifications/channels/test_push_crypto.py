"""The ciphers of Web Push, byte for byte as the standards have them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from incidents.keyring import Keyring
from incidents.refusals import Refused
from notifications.channels.push_crypto import (
    LONGEST,
    authorization,
    b64,
    encrypt,
    public_bytes,
    seal,
    sender_key,
    unb64,
)
from tests.plumbing.push import Browser, claims, point

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


def key_of(private: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(unb64(private)), ec.SECP256R1())


def test_a_record_is_the_one_of_rfc_8188_section_3_1() -> None:
    secret, salt = unb64("yqdlZ-tYemfogSmv7Ws5PQ"), unb64("I1BsxtFttlv3u_Oo94xnmw")

    sealed = seal(b"I am the walrus", secret=secret, salt=salt)

    assert b64(sealed) == "I1BsxtFttlv3u_Oo94xnmwAAEAAA-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1PD-ly8Thjg"


def test_a_message_is_the_one_of_rfc_8291_appendix_a() -> None:
    reader = key_of("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94")
    sender = key_of("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")
    auth, salt = unb64("BTBZMqHH6r4Tts7J_aSIgg"), unb64("DGv6ra1nlYgDCS1FRnbzlw")

    sealed = encrypt(
        b"When I grow up, I want to be a watermelon", p256dh=point(reader), auth=auth, key=sender, salt=salt
    )

    assert b64(point(reader)) == (
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
    )
    assert b64(sealed) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tlz"
        "AC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


@pytest.mark.parametrize(("length", "pad_to", "sealed_length"), [(0, 0, 103), (40, 1024, 1127), (LONGEST, 0, 4096)])
def test_what_is_filled_up_is_read_as_it_was(length: int, pad_to: int, sealed_length: int) -> None:
    browser, plain = Browser(), b"x" * length

    sealed = encrypt(plain, p256dh=point(browser.key), auth=browser.auth, pad_to=pad_to)

    assert len(sealed) == sealed_length
    assert browser.read(sealed) == plain


def test_more_than_one_record_is_not_sent() -> None:
    with pytest.raises(ValueError, match="more than one record"):
        seal(b"x" * 4080, secret=bytes(32), salt=bytes(16))


def test_the_signature_can_be_checked_and_names_service_and_sender() -> None:
    key, lasts = ec.generate_private_key(ec.SECP256R1()), NOW + timedelta(hours=12)

    header = authorization(key, audience="https://push.example", subject="https://tocsin.example", expires_at=lasts)

    claimed, by = claims(header, now=NOW)
    assert claimed == {"aud": "https://push.example", "exp": lasts.timestamp(), "sub": "https://tocsin.example"}
    assert by == b64(public_bytes(key))
    with pytest.raises(AssertionError):
        claims(header, now=NOW + timedelta(hours=13))


def test_the_senders_key_hangs_on_the_keyring_alone_and_outlives_a_newer_key() -> None:
    old = Keyring({"a": bytes(32)})
    rotated = Keyring({"a": bytes(32), "b": bytes(range(32))})

    first = public_bytes(sender_key(old))

    assert public_bytes(sender_key(Keyring({"a": bytes(32)}))) == first
    assert public_bytes(sender_key(rotated, "a")) == first
    assert public_bytes(sender_key(rotated)) != first
    with pytest.raises(Refused, match="not in the keyring"):
        sender_key(old, "b")


def test_text_in_another_alphabet_is_no_base64_of_a_browser() -> None:
    assert unb64(base64.urlsafe_b64encode(b"\xff\xfe").decode()) == b"\xff\xfe"
    for wrong in ("ab cd", "é", "a"):
        with pytest.raises(ValueError, match=r".*"):
            unb64(wrong)
