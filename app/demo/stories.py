"""The incidents of Northwind Looms, oldest first: one for every state that an incident can be in. All invented."""

from __future__ import annotations

from datetime import timedelta

from app.demo.acts import (
    Story,
    added,
    advised,
    answered,
    asked,
    aware,
    closed,
    contained,
    corrected,
    did,
    did_the_rest,
    file_added,
    left_out,
    looked,
    not_told,
    noted,
    placed,
    reopened,
    still_happening,
    told,
    triaged,
)
from incidents.deciding import Opinion
from incidents.incident import OurRole, StillHappening, What
from incidents.intake import Arrival, Told
from incidents.law.assessment import Says
from incidents.report import Medium, Relation
from incidents.timeline import person_as_actor

BREACH = What.PERSONAL_DATA_BREACH
AUTHORITY = "Supervisory authority, online form"
UK, EU = "uk-gdpr-33-1", "eu-gdpr-33-1"
NO_ONE_IN_THE_EU = "Everybody concerned lives in the United Kingdom."
FIRST_STEPS = ("capture", "close-the-leak", "other-clocks")


def d(days: float) -> timedelta:
    return timedelta(days=days)


def h(hours: float) -> timedelta:
    return timedelta(hours=hours)


def m(minutes: float) -> timedelta:
    return timedelta(minutes=minutes)


NOTIFIED_IN_TIME = Story(
    d(310),
    Told(
        "The payslips for the Leeds mill went to the wrong mailing list. About forty people outside payroll got them.",
        StillHappening.NO,
        {"data": "Names, pay, bank details", "whose": "Our weavers in Leeds", "how_many": "about 120"},
        Relation.STAFF,
    ),
    (
        (m(35), triaged(BREACH, OurRole.CONTROLLER, "Pay data of our own staff reached people who must not see it.")),
        (m(40), aware(m(5), "The sender saw the wrong list in the sent mail and told payroll.")),
        (h(2), did(*FIRST_STEPS, note="Mail recalled from 31 of 40 mailboxes; the others deleted it and said so.")),
        (h(5), contained("All forty people have confirmed in writing that the mail is deleted.")),
        (h(26), told(UK, AUTHORITY, "NW-4471-A")),
        (h(27), not_told(EU, NO_ONE_IN_THE_EU)),
        (d(6), left_out("tell-customers", "Our own data: no customer is concerned.")),
        (d(9), did_the_rest()),
        (d(9.1), closed("Recalled and deleted. The mailing list now asks twice before it takes attachments.")),
    ),
)

DISMISSED = Story(
    d(228),
    Told("I got a mail from “the bank” asking for my password. I did not click on anything.", StillHappening.NO),
    (
        (m(40), triaged(What.NOTHING, OurRole.UNKNOWN, "A common phishing mail. Nobody clicked, nothing was entered.")),
        (m(50), closed("Nothing happened. The sender is blocked and the reporter was thanked.")),
    ),
)

LATE_WITH_REASONS = Story(
    d(171),
    Told(
        "A memory stick with the Munich order book is missing since the trade fair. It was not encrypted.",
        StillHappening.UNKNOWN,
        {"data": "Names, addresses and phone numbers of buyers", "how_many": "600 or so", "where": "Munich"},
        Relation.STAFF,
    ),
    (
        (h(1), triaged(BREACH, OurRole.CONTROLLER, "Our customers' contacts on a stick that anybody can read.")),
        (h(2), aware(m(0), "The stick was searched for and not found; that it was unencrypted is certain.")),
        (h(3), did(*FIRST_STEPS)),
        (h(20), contained("Nothing can be contained: the stick is gone. Sales has stopped using sticks.", by="leah")),
        (
            h(90),
            told(UK, AUTHORITY, "NW-5108-C", reasons="The list of those concerned had to be put together from paper."),
        ),
        (h(91), told(EU, "Authority at the Munich site", "B-2209/17", reasons="The same list was needed first.")),
        (d(12), left_out("tell-customers", "We are the controller here.")),
        (d(13), did_the_rest()),
        (d(14), closed("Not found. Everybody on the list was written to; sticks are no longer handed out.")),
    ),
)

NEAR_MISS = Story(
    d(96),
    Told(
        "I almost sent the supplier list with private phone numbers to a customer. I stopped it in the outbox.",
        StillHappening.NO,
        {},
        Relation.STAFF,
    ),
    (
        (m(45), triaged(What.NEAR_MISS, OurRole.CONTROLLER, "It never left the outbox; the log shows it.")),
        (h(3), closed("Nothing left the house. Outgoing mail now waits for one minute.")),
    ),
)

NO_PERSONAL_DATA = Story(
    d(61),
    Told("The loom controllers in Pune restart by themselves. Somebody left a note on the screen.", StillHappening.YES),
    (
        (h(1), triaged(What.SECURITY_INCIDENT, OurRole.CONTROLLER, "Machine control only; no personal data there.")),
        (h(4), did(*FIRST_STEPS, note="Controllers cut off from the office network.")),
        (h(9), contained("No restart for four hours, and the maintenance account is closed.")),
        (d(3), did_the_rest(by="ivo")),
        (d(4), closed("A forgotten maintenance account was used. It is gone, and so are three others like it.")),
    ),
)

NOT_NOTIFIED = Story(
    d(38),
    Told(
        "My laptop was stolen on the train between Leeds and London. It was switched off.",
        StillHappening.NO,
        {"data": "Customer mails, some order sheets", "how_many": "a few hundred people"},
        Relation.STAFF,
    ),
    (
        (m(55), triaged(BREACH, OurRole.CONTROLLER, "Personal data are on it; whether anybody can read them is open.")),
        (h(1), aware(m(0), "The loss is certain from the report itself.")),
        (h(2), did(*FIRST_STEPS, note="Account blocked, device told to wipe itself when it next goes online.")),
        (h(6), contained("Switched off when it was taken; full disk encryption confirmed from the inventory.")),
        (h(30), not_told(UK, "The disk is encrypted and the key was not with it: a risk to people is unlikely.")),
        (h(30.1), not_told(EU, "For the same reason as in the United Kingdom.")),
        (d(5), did_the_rest()),
        (d(6), closed("Encrypted and wiped. Police report filed, laptop replaced.")),
    ),
)

LATE_WITHOUT_REASONS = Story(
    d(24),
    Told(
        "An old backup of the web shop could be downloaded by anybody who guessed its address.",
        StillHappening.NO,
        {"data": "Names, addresses, orders; no payment data", "how_many": "2 300", "contact": "ext. 214"},
        Relation.STAFF,
    ),
    (
        (m(50), triaged(BREACH, OurRole.CONTROLLER, "The log shows downloads from three unknown places.")),
        (h(1), aware(m(30), "The first download in the log that is not ours was confirmed at that time.")),
        (h(2), did(*FIRST_STEPS, note="File taken offline at once; web server log saved.")),
        (h(4), contained("The address answers 404, and the search engines have dropped it.")),
        (h(81), told(UK, AUTHORITY, "NW-6120-F")),
        (h(82), not_told(EU, NO_ONE_IN_THE_EU)),
        (d(5), left_out("tell-customers", "We are the controller here.")),
        (d(6), did_the_rest()),
    ),
)

REOPENED = Story(
    d(13),
    Told(
        "The visitor book of the Leeds showroom was left on the pavement over night. It came back in the morning.",
        StillHappening.NO,
        {"data": "Names, companies, signatures", "how_many": "80"},
        Relation.STAFF,
    ),
    (
        (m(40), triaged(BREACH, OurRole.CONTROLLER, "Names of visitors, for some hours within anybody's reach.")),
        (h(1), aware(m(0), "The book lay outside for a night; that is certain.")),
        (h(2), did(*FIRST_STEPS, "facts", "assess", "draft")),
        (h(3), contained("The book is back and complete; every page was counted.", by="leah")),
        (h(28), not_told(UK, "Names only, back within hours: a risk to people is unlikely.")),
        (h(28.1), not_told(EU, "For the same reason as in the United Kingdom.")),
        (d(3), closed("The book is back. Visitors are now noted on single sheets.")),
        (d(12), added("I have just seen photographs of two of its pages on a neighbourhood page.")),
        (d(12) + h(2), reopened("There may be copies after all. The decision not to notify has to be taken anew.")),
        (d(12) + h(3), did("tell-people", "recover", note="Page owner asked to take the pictures down.", by="leah")),
        (d(12) + h(3.1), left_out("tell-customers", "We are the controller here.")),
    ),
)

OVERDUE = Story(
    d(4),
    Told(
        "Applicants write to us that they can see each other's documents in the careers portal.",
        StillHappening.NO,
        {"data": "CVs, certificates, some photographs", "whose": "Applicants", "how_many": "not known"},
        Relation.STAFF,
    ),
    (
        (m(45), triaged(BREACH, OurRole.CONTROLLER, "Two applicants have proved it with pictures of their screens.")),
        (h(3), aware(h(2), "We could see another person's documents ourselves with a test account.")),
        (h(4), did(*FIRST_STEPS, note="Portal taken offline at 14 minutes past the hour.")),
        (h(6), contained("The portal is offline; nothing can be opened.")),
        (h(22), did("facts", "assess", "tell-people", note="41 applicants, 12 of them opened others' papers.")),
        (h(23), left_out("tell-customers", "We are the controller here.")),
        (h(33), did("draft", by="dana")),
    ),
)

NEARLY_DUE = Story(
    h(66.5),
    Told(
        "A parcel with employment files for the Munich office arrived open and with pages missing.",
        StillHappening.NO,
        {"data": "Contracts, sick notes", "whose": "Staff in Munich", "how_many": "9", "where": "Munich"},
        Relation.OUTSIDE,
    ),
    (
        (m(50), triaged(BREACH, OurRole.CONTROLLER, "Health data of nine people are missing from the parcel.")),
        (h(2), aware(m(0), "The caller had counted the pages with us on the phone.")),
        (h(3), did(*FIRST_STEPS, note="Carrier asked to search; parcel photographed and kept.", by="leah")),
        (h(7), contained("The carrier has found no more pages; the rest is locked away in Munich.", by="leah")),
        (h(20), did("facts", "assess", by="leah")),
        (h(30), did("draft", "tell-people", by="dana")),
        (h(31), left_out("tell-customers", "We are the controller here.")),
    ),
    arrival=lambda people, now: Arrival(
        Medium.PHONE, now - h(1), person_as_actor(people["leah"], "a driver of the carrier")
    ),
)

REFERENCE_AWAITED = Story(
    h(44),
    Told(
        "The newsletter went out with all addresses in the To line.",
        StillHappening.NO,
        {"data": "E-mail addresses", "whose": "Subscribers", "how_many": "870"},
        Relation.STAFF,
    ),
    (
        (m(40), triaged(BREACH, OurRole.CONTROLLER, "870 people can see each other's addresses.")),
        (m(45), aware(m(0), "The mail itself shows it.")),
        (h(2), did(*FIRST_STEPS, note="Second half of the run stopped; apology with the next mail.")),
        (h(3), contained("The run is stopped, the list is locked.")),
        (h(20), did("facts", "assess", "draft", by="dana")),
        (h(26), told(UK, AUTHORITY)),
        (h(27), not_told(EU, NO_ONE_IN_THE_EU)),
        (h(28), left_out("tell-customers", "We are the controller here.")),
    ),
)

LETTERS = "Somebody was in a mailbox of the returns desk for two hours. Letters of 312 customers could be read."
MAILBOX = answered(
    nature=["confidentiality"],
    incident_kind="phishing_social_engineering",
    cause="external_malicious",
    exposure="confirmed",
    protection="none",
    data=["basic", "contact", "communications"],
    people__number=312,
    people__categories=["customers"],
    identification="maximum",
    recipients__kind="hostile",
)

AWARE_DECIDED = Story(
    h(30),
    Told(
        "Somebody logged in to my mailbox at night from a place where I have never been. I share it with the returns "
        "desk, so there are customers' letters in it.",
        StillHappening.UNKNOWN,
        {"data": "Letters of customers, addresses", "how_many": "maybe 300", "contact": "Please write in the thread."},
        Relation.STAFF,
    ),
    (
        (m(25), file_added("sign-ins.csv", "when,where\n02:41,unknown\n02:44,unknown\n")),
        (m(40), asked("Thank you. Did you get a message asking you to confirm a sign-in around that time?")),
        (m(52), added("Yes, two of them. I thought it was the update and tapped “allow” on the second one.")),
        (h(1), looked()),
        (h(1.2), did("capture", "close-the-leak", note="Sessions ended, password and second factor renewed.")),
        (h(1.5), noted("First sign-in from outside at 02:51.")),
        (h(2), corrected("The first sign-in from outside was at 02:41, not 02:51: the log counts in UTC.")),
        (h(3), still_happening(StillHappening.NO)),
        (h(5), contained("No sign-in from outside for three hours; all sessions were ended at 04:10.")),
        (h(6), left_out("other-clocks", "No contract names a shorter time for this mailbox; the list was checked.")),
        (h(17), triaged(BREACH, OurRole.CONTROLLER, "The log shows that the folder of letters was opened.")),
        (
            h(18),
            aware(h(16), "Only the full log, which came then, shows that letters were opened and not just listed."),
        ),
        (h(19), left_out("tell-customers", "Our own customers: we are the controller.")),
        (h(21), did("facts", note="312 people, letters of two years.")),
        (h(22), placed("GB", "IE")),
        (h(22.1), MAILBOX),
        (h(22.5), advised(Opinion(Says.NOTIFY, Says.COMMUNICATE, "", LETTERS))),
    ),
    kept="a report with a thread: somebody in the mailbox",
)

PROCESSOR = Story(
    h(20),
    Told(
        "The fabric portal showed other customers' order contacts for an hour after the update.",
        StillHappening.NO,
        {"data": "Names and phone numbers of buyers", "whose": "Our business customers", "where": "Pune"},
        Relation.STAFF,
    ),
    (
        (
            m(45),
            triaged(
                BREACH,
                OurRole.PROCESSOR,
                "We run the portal for three customers; their buyers' contacts were mixed up.",
                "Hollinpike Upholstery",
                "Marrowgate Hotels",
                "Cressbrook Railways",
            ),
        ),
        (h(1), aware(m(0), "The update log and the report agree on the hour.")),
        (h(2), did(*FIRST_STEPS, note="Update rolled back; the access log of the hour is saved.")),
        (h(3), contained("Rolled back, and each customer sees only its own contacts again.")),
        (h(5), told("Hollinpike", "Hollinpike Upholstery, privacy desk", "HP-88")),
        (h(6), told("Marrowgate", "Marrowgate Hotels, data protection")),
        (h(8), did("facts", note="One hour, 46 views of others' contacts.")),
    ),
)

STILL_GOING_ON = Story(
    h(3),
    Told(
        "Files on the design server are being renamed one after the other and cannot be opened.",
        StillHappening.YES,
        {"where": "Leeds, server room", "contact": "Night shift phone, Leeds"},
        Relation.STAFF,
    ),
    (
        (m(25), looked()),
        (m(40), did("capture", note="Memory and disk images of the first server are taken.")),
        (m(70), noted("The network of the design floor is cut off. Renaming goes on on one machine.")),
        (m(95), asked("Which machine did you see it on first, and was anybody logged in there?")),
    ),
)

TAKEN_BY_LINK = Story(
    m(9),
    Told("I left the folder with the pension papers in a taxi in Leeds.", StillHappening.UNKNOWN, {}, Relation.STAFF),
)

FRESH = Story(
    m(3),
    Told(
        "The shop's till prints the card numbers of other people on my receipts.",
        StillHappening.YES,
        {"where": "Showroom London"},
        Relation.OUTSIDE,
    ),
    kept="a report that nobody has taken yet",
)

STORIES = (
    *(NOTIFIED_IN_TIME, DISMISSED, LATE_WITH_REASONS, NEAR_MISS, NO_PERSONAL_DATA, NOT_NOTIFIED),
    *(LATE_WITHOUT_REASONS, REOPENED, OVERDUE, NEARLY_DUE, REFERENCE_AWAITED, AWARE_DECIDED),
    *(PROCESSOR, STILL_GOING_ON, TAKEN_BY_LINK, FRESH),
)
