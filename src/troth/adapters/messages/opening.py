"""By what customers are told something here, as the settings say."""

from collections.abc import Callable

from troth.adapters.messages.posts import SMS_BODY, Poster, sms_writer, write_whole
from troth.adapters.messages.smtp import Smtp, read_server
from troth.flows.log.deliver import Post
from troth.flows.telling.media import Sender, Senders
from troth.model.notification import Medium, Origin
from troth.settings import Settings


def origin_of(settings: Settings) -> Origin:
    """In whose name customers are written to where no letterhead says another."""
    public_url = settings.public_url or f"http://{settings.host}:{settings.port}"
    return Origin(settings.shop_name, settings.mail_from or "", public_url)


def make_senders(settings: Settings, post: Post) -> Senders:
    """The media that are set up, each with what carries it. ValueError where one is set up wrongly."""
    found: dict[Medium, Sender] = {}
    makers: dict[Medium, Callable[[], Sender | None]] = {
        Medium.EMAIL: lambda: _mail(settings),
        Medium.SMS: lambda: _sms(settings, post),
        Medium.WEBHOOK: lambda: _webhook(settings, post),
    }
    for medium, make in makers.items():
        sender = make()
        if sender is not None:
            found[medium] = sender
    return found


def _mail(settings: Settings) -> Sender | None:
    if settings.smtp_url is None or settings.mail_from is None:
        return None
    return Smtp(read_server(settings.smtp_url.get_secret_value()), settings.mail_from)


def _sms(settings: Settings, post: Post) -> Sender | None:
    if settings.sms_url is None or settings.sms_secret is None:
        return None
    secret = settings.sms_secret.get_secret_value()
    return Poster(post, settings.sms_url.get_secret_value(), secret, sms_writer(settings.sms_body or SMS_BODY))


def _webhook(settings: Settings, post: Post) -> Sender | None:
    if settings.notification_webhook_url is None or settings.notification_webhook_secret is None:
        return None
    secret = settings.notification_webhook_secret.get_secret_value()
    return Poster(post, settings.notification_webhook_url, secret, write_whole)
