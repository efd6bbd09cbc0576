"""One sentence for each kind of fact, as timeline, receipt and mails show it. No personal data."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from incidents.timeline import Kind
from incidents.words import N_

SENTENCES: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.REPORTED: N_("A report came in"),
        Kind.ADDED: N_("The reporter added something"),
        Kind.STILL_HAPPENING: N_("Whether it is still happening has changed"),
        Kind.FILE_ADDED: N_("A file was added"),
        Kind.ATTACHED: N_("A report was attached"),
        Kind.DETACHED: N_("A report was moved to another incident"),
        Kind.ASKED: N_("A message was sent to the reporter"),
        Kind.RANG: N_("The bell rang"),
        Kind.TAKEN: N_("A person took it"),
        Kind.AWAKE: N_("Somebody is awake and asked for ten minutes"),
        Kind.SEEN: N_("The page was seen"),
        Kind.SUMMONED: N_("Somebody was called to help"),
        Kind.HANDED_OVER: N_("Somebody was asked to take it over"),
        Kind.TAKEN_OVER: N_("Somebody else took it over"),
        Kind.PARKED: N_("It was decided that this can wait"),
        Kind.PARKING_ENDED: N_("The time for which this could wait is over"),
        Kind.CONTAINMENT_OWNED: N_("Somebody took the containment on"),
        Kind.RINGS_AGAIN: N_("No first step in time: the bell rings again"),
        Kind.LOOKED_AT: N_("A handler looked at it"),
        Kind.TRIAGED: N_("Triage said what it is"),
        Kind.CONTAINED: N_("It is contained"),
        Kind.STEP_DONE: N_("A step was done"),
        Kind.STEP_SKIPPED: N_("A step was left out"),
        Kind.STEP_REOPENED: N_("A step is open again"),
        Kind.NOTED: N_("Note"),
        Kind.CORRECTED: N_("Correction"),
        Kind.AWARE: N_("Awareness was decided"),
        Kind.ANCHOR_MOVED: N_("The start of the clock was settled"),
        Kind.DEADLINE_NEAR: N_("A deadline comes near"),
        Kind.DEADLINE_PASSED: N_("A deadline has passed"),
        Kind.NOTIFIED: N_("A notification was sent"),
        Kind.NOT_NOTIFIED: N_("It was decided not to notify"),
        Kind.REFERENCE_RECEIVED: N_("The reference was received"),
        Kind.DELAY_EXPLAINED: N_("The reasons for the delay were given"),
        Kind.CLOSED: N_("Closed"),
        Kind.REOPENED: N_("Opened again"),
        Kind.MUTED: N_("Further reports like those of a flood wait for half an hour"),
        Kind.SET_UP: N_("Tocsin was set up"),
        Kind.PERSON_INVITED: N_("A person was invited"),
        Kind.PERSON_LEFT: N_("An account was ended"),
        Kind.ROLE_GRANTED: N_("A role was given"),
        Kind.ROLE_REVOKED: N_("A role was taken back"),
        Kind.CONTACT_ADDED: N_("A way to reach a person was added"),
        Kind.CONTACT_REMOVED: N_("A way to reach a person was removed"),
        Kind.CONTACT_VERIFIED: N_("A way to reach a person was proved to work"),
        Kind.CONTACT_RENEWED: N_("A browser has another push address, which is not proved yet"),
        Kind.CONTACT_WOKE: N_("A way to reach a person was proved to wake"),
        Kind.CONTACT_MOVED: N_("The order of the ways to reach a person was changed"),
        Kind.SETTING_CHANGED: N_("A setting was changed"),
        Kind.CANARY_MISSED: N_("The nightly test report did not come through"),
        Kind.DRILL_BEGAN: N_("A fire drill began"),
        Kind.DRILL_HELD: N_("A fire drill was answered"),
        Kind.DRILL_MISSED: N_("A fire drill was not answered"),
        Kind.READINESS_RED: N_("A page might not reach a person: see the readiness page"),
        Kind.READINESS_GREEN: N_("Nothing stands in the way of a page any more"),
        Kind.ROTA_CHANGED: N_("The rota was changed, and when you are on call with it"),
        Kind.POLICY_CHANGED: N_("The escalation policy was changed, and when you are rung with it"),
    }
)
