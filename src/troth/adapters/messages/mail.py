"""A letter as a mail: plain text and HTML side by side, under a message id that stays the same.

*Source:* RFC 5322 (messages), RFC 2046 5.1.4 (alternatives), RFC 8058 (opting out with one request), RFC 3834 (what is
sent by a machine says so).
"""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from troth.flows.telling.letters import one_line
from troth.flows.telling.media import Letter


def make_mail(letter: Letter, sender: str) -> EmailMessage:
    """The mail that a letter is, from `sender` where its letterhead names nobody. The same letter makes the same mail.

    ValueError where a header would end early, or an address is none.
    """
    mail = EmailMessage(policy=SMTP)
    mail["From"] = _mailbox(letter.shop, letter.sender or sender)
    mail["To"] = _mailbox("", letter.to)
    if letter.reply_to:
        mail["Reply-To"] = _mailbox("", letter.reply_to)
    mail["Subject"] = one_line(letter.subject)
    mail["Date"] = format_datetime(letter.at)
    mail["Message-ID"] = letter.message_id
    mail["Auto-Submitted"] = "auto-generated"
    if letter.opt_out_url:
        mail["List-Unsubscribe"] = f"<{letter.opt_out_url}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(letter.text)
    mail.add_alternative(letter.html, subtype="html")
    mail["Content-Language"] = letter.language  # here, since what begins so goes along into the first part
    mail.set_boundary(f"={letter.notification_id}=")
    return mail


def _mailbox(name: str, address: str) -> Address:
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain or not address.isprintable() or any(sign in address for sign in " ,;<>"):
        raise ValueError(f"{address!r} is no mail address")
    return Address(one_line(name), local, domain)
