"""The phrases by which reports in plain words are known, each a regular expression on a line of its own."""

from __future__ import annotations

import re


def _any(lines: str) -> re.Pattern[str]:
    return re.compile("|".join(line.strip() for line in lines.splitlines() if line.strip()), re.IGNORECASE)


MAILER = _any(
    r"""
    mail(?:er)?[-_ .]?daemon
    post-?master
    mail delivery (?:sub)?system
    \bndr\b
    mdaemon
    mail delivery service
    \bmmsc\b
    inetgw
    mail administrator
    delivery (?:sub)?system
    system administrator
    \bbounces?\b
    double-bounce
    """
)
"""Who writes reports: looked for in the sender and the return path."""

SUBJECT = _any(
    r"""
    undeliver
    non[- ]?deliver
    not be delivered
    cannot be delivered
    delivery (?:status|fail|problem|report|error)
    fail(?:ure|ed)[- ]?(?:notice|delivery)
    returned (?:e-?)?mail
    mail (?:delivery|system|server|status)
    delivery.{0,40}fail
    fail.{0,40}deliver
    (?:message|mail) (?:status|failed|rejected|returned)
    unable to (?:deliver|send)
    error sending your mail
    errors? from
    could not be (?:sent|delivered)
    unzustellbar
    nicht zugestellt
    non remis
    échec
    mancata consegna
    no se (?:pudo|puede) entregar
    недоставлен
    不達
    配[信送]できません
    配信不能
    送信できません
    user unknown
    unknown user
    host unknown
    wrong mail address
    rejected
    user not found
    nondelivery
    退信
    notification
    エラー
    failed mail
    """
)
"""What reports are called."""

WARNED = _any(
    r"""
    warning (?:message )?only
    do not need to re-?send
    notification \(delay\)
    still being retried
    """
)
"""Said by those that still try, whatever else they say: some list “fatal errors” in a warning."""

STILL_TRIED = _any(
    r"""
    still being (?:re)?tried
    will be (?:re)?tried
    do not need to re-?send
    warning (?:message )?only
    not yet been delivered
    will (?:continue|keep) (?:to try|on trying|trying|retrying)
    continue(?:s|d)? to (?:try|retry)
    still (?:re)?trying
    will (?:try|retry) (?:again|to)
    delivery (?:has been |is |was )?(?:temporarily )?delayed
    delayed mail
    has been delayed
    delivery (?:status )?notification \(delay\)
    status notification \(delay\)
    wird (?:weiter|erneut) versucht
    attempts will continue
    no action is required
    could not send message for past
    could not be delivered (?:yet|immediately)
    delay(?:ed)? notification
    temporary (?:delivery )?(?:problem|delay)
    """
)
"""Said by those that still try."""

GIVEN_UP = _any(
    r"""
    (?<!will )give up
    giv(?:en|ing) up
    gave up
    permanent
    fatal errors?
    has failed
    retry time ?out exceeded
    retry time not reached for any host after
    will not be retried
    (?:message|mail) expired
    too long
    undeliverable
    returned to sender
    no further attempts
    """
)
"""Said by those that try no more, even if they speak of their tries."""

NOT_DELIVERED = _any(
    r"""
    not (?:be )?deliver
    un-?deliver
    non-?deliver
    delivery (?:problem|error)s?
    failed mail
    did not exactly match
    unable to deliver
    can(?:no|')t (?:be )?(?:deliver|send)
    did not reach
    not reached
    (?:delivery|deliver|sending|send|message|mail)\b.{0,80}\bfail
    fail(?:ed|ure).{0,80}\b(?:deliver|recipient|address|reason)
    could(?: |\s)?n[o']t (?:be )?(?:deliver|send|sent|reach|find|found|locate)
    no such (?:user|address|recipient|mailbox|person)
    (?:user|recipient|mailbox|address|host|account|domain)s?\b.{0,40}\b(?:unknown|not found|unavailable)
    (?:user|recipient|mailbox|address|host|account|domain)s?\b.{0,40}\b(?:does(?:n't| not) exist|not listed)
    (?:user|recipient|mailbox|address|host|account|domain)s?\b.{0,40}\b(?:disabled|invalid|rejected|is full|inactive)
    (?:unknown|invalid|bad|illegal|wrong) (?:user|recipient|local|address|destination|host|domain|mail)
    not a valid (?:user|mailbox|address|recipient)
    (?:permanent|fatal|delivery) error
    mailbox (?:is )?(?:full|not found)
    over(?: |-)?quota
    quota exceeded
    exceeded.{0,30}(?:quota|attempts)
    rejected
    returned to (?:the )?sender
    bounced?
    no valid recipients
    not listed in
    error occurred while
    error (?:deliver|send)ing
    (?:trouble|problem|difficult(?:y|ies)) (?:deliver|send)ing
    had trouble
    message was (?:not|undeliver)
    sorry
    refused
    not accept
    unreachable
    timed? ?out
    no longer
    could not .{0,40}deliver
    konnte nicht
    nicht zugestellt
    n'a pas pu
    送信できません
    送信に失敗
    配[信送]できません
    お届けできません
    失敗
    届け
    見つかりません
    存在し
    エラー
    недоступ
    не (?:был|может|удалось|было)
    no existe
    退
    無法
    无法
    """
)
"""Said of a mail that did not arrive."""

ABSENT = _any(
    r"""
    out of (?:the )?office
    auto(?:matic)?(?:ally)?[- ]?(?:re(?:ply|sponse|spond)|antwort|generated reply)
    automatisch
    abwesen
    vacation
    away from
    on leave
    absence
    réponse automatique
    respuesta automática
    risposta automatica
    i am (?:away|out)
    """
)
"""What answers of a person’s own mailbox are called."""

MEANT = (
    (
        "5.1.1",
        _any(
            r"""
            (?:user|recipient|mailbox|address)s?\b.{0,40}\b(?:unknown|not found|does(?:n't| not) exist)
            (?:unknown|no such) (?:user|recipient|mailbox|address)
            not listed in
            no mailbox here
            recipient not found
            user doesn't have
            """
        ),
    ),
    (
        "5.1.2",
        _any(
            r"""
            host unknown
            unknown host
            domain\b.{0,40}\b(?:unknown|not found|does(?:n't| not) exist)
            couldn't find any host
            host not\s+found
            host or domain name not found
            name service error
            """
        ),
    ),
    (
        "4.4.1",
        _any(
            r"""
            connection (?:refused|timed out)
            did not accept our requests to connect
            hosts have been failing
            couldn't establish an SMTP connection
            unreachable
            """
        ),
    ),
    (
        "5.2.1",
        _any(
            r"""
            (?:account|mailbox|user)\b.{0,40}\b(?:disabled|inactive|discontinued|suspended)
            """
        ),
    ),
    (
        "5.2.2",
        _any(
            r"""
            mailbox (?:is )?full
            over ?quota
            quota exceeded
            exceeded the local limit
            exceed.{0,30}quota
            """
        ),
    ),
    (
        "4.4.7",
        _any(
            r"""
            giv(?:e|ing) up
            retry time ?out exceeded
            (?:message|mail) expired
            exceeded maximum delivery attempts
            """
        ),
    ),
)
"""What these words mean in the codes of RFC 3463."""
