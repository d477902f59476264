"""What the page after Bling's consent page says: what happened, and what its reader can do about it."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop


@dataclass(frozen=True)
class Words:
    """One outcome: what happened, advice for staff of ours, and for a customer, who has only the link."""

    title: str
    staff: str
    customer: str
    tone: str = "bad"

    def advice(self, *, for_staff: bool) -> str:
        return _(self.staff if for_staff else self.customer)


OUTCOMES = {
    "connected": Words(
        gettext_noop("Connected to Bling"),
        gettext_noop("The first sync begins by itself. You may close this page."),
        gettext_noop("The first sync begins by itself. You may close this page."),
        "good",
    ),
    "refused": Words(
        gettext_noop("Access refused"),
        gettext_noop("The access was not allowed on Bling's page. Nothing was changed; you can start again."),
        gettext_noop("You did not allow the access on Bling's page. Nothing was changed; the link is still valid."),
        "neutral",
    ),
    "expired": Words(
        gettext_noop("This authorization took too long"),
        gettext_noop("It is valid for 30 minutes. Start again from the connection's page."),
        gettext_noop("It is valid for 30 minutes. Start again from the link that you received."),
    ),
    "used": Words(
        gettext_noop("This authorization was already used"),
        gettext_noop("Each one works once. Look at the connection's page to see whether it is connected."),
        gettext_noop(
            "Each one works once. If you saw the message that you are connected, there is nothing more to do; "
            "if not, start again from the link that you received."
        ),
        "neutral",
    ),
    "unknown_state": Words(
        gettext_noop("We do not know this authorization"),
        gettext_noop("It did not begin here, or its address was changed. Start again from the connection's page."),
        gettext_noop("It did not begin here, or its address was changed. Start again from the link that you received."),
    ),
    "not_ours": Words(
        gettext_noop("This authorization did not begin in this browser"),
        gettext_noop(
            "An authorization that begins at Bling, or in another browser, is not accepted. "
            "Start and finish it in the same browser, from the connection's page."
        ),
        gettext_noop(
            "An authorization that begins at Bling, or in another browser, is not accepted. "
            "Start and finish it in the same browser, from the link that you received."
        ),
    ),
    "other_company": Words(
        gettext_noop("This is another company"),
        gettext_noop(
            "The user that was logged in at Bling belongs to another company than the one expected, so nothing is "
            "read from it. If it was not connected before, it waits under Bling connections: accept or disconnect it "
            "there. If it was a mistake, log out of Bling, log in as the right company and start again."
        ),
        gettext_noop(
            "The user that was logged in at Bling belongs to another company than the one expected. Nothing is read "
            "from it before support has decided. If it was a mistake, log out of Bling, go back to the link and log "
            "in as the right company."
        ),
    ),
    "other_cnpj": Words(
        gettext_noop("The CNPJ is a different one"),
        gettext_noop(
            "The CNPJ in Bling is not the one of this company here, so the connection is held and nothing is read. "
            "Accept this company or disconnect it on the connection's page."
        ),
        gettext_noop(
            "The CNPJ in Bling is not the one that we were given. Nothing is read before support has decided. If it "
            "was a mistake, log out of Bling, go back to the link and log in as the right company."
        ),
    ),
    "no_cnpj": Words(
        gettext_noop("The company has to be confirmed"),
        gettext_noop(
            "Bling or this company here shows no CNPJ, so nothing proves that the right company was connected. The "
            "connection is held and nothing is read. Accept this company or disconnect it on the connection's page."
        ),
        gettext_noop(
            "You have nothing more to do: support confirms that this is the right company, because there is no CNPJ "
            "to compare. Nothing is read before."
        ),
    ),
    "app_inactive": Words(
        gettext_noop("The Bling app is inactive"),
        gettext_noop("Activate the app in Bling (Central de Extensões › Área do integrador) and start again."),
        gettext_noop(
            "Activate the app in Bling (Central de Extensões › Área do integrador), then go back to the link. "
            "If the app is not yours, tell support."
        ),
    ),
    "account_overdue": Words(
        gettext_noop("The Bling account is blocked"),
        gettext_noop("Bling does not give access to this account, usually because of an overdue payment."),
        gettext_noop(
            "Bling does not give access to this account, usually because of an overdue payment. Settle it with Bling, "
            "then go back to the link."
        ),
    ),
    "bad_client": Words(
        gettext_noop("Bling refused the app's credentials"),
        gettext_noop("Correct the client id and the client secret on the connection's page and start again."),
        gettext_noop("Nothing was changed, and there is nothing that you can correct: please tell support."),
    ),
    "no_refresh_token": Words(
        gettext_noop("Bling gave no lasting authorization"),
        gettext_noop(
            "The answer had no token to renew the access with, so it would have ended within hours. Nothing was "
            "stored. Start again from the connection's page; if it happens again, check the app in Bling."
        ),
        gettext_noop(
            "Bling's answer was not complete. Nothing was changed. Go back to the link and try again; if it happens "
            "again, tell support."
        ),
    ),
    "forbidden": Words(
        gettext_noop("Authorized, but Bling refuses the access"),
        gettext_noop(
            "The authorization is stored, but Bling refuses what is read with it, for a reason that is no permission "
            "of the app: the address (BLING_API_URL), or what this account may use. Bling's words are on the "
            "connection's timeline. Once that is corrected the sync goes on by itself."
        ),
        gettext_noop(
            "Your authorization is stored, and you have nothing more to do. Bling refuses us the access for another "
            "reason: please tell support."
        ),
    ),
    "no_app": Words(
        gettext_noop("Not ready yet"),
        gettext_noop("There is no Bling app for this connection: fill in client id and client secret first."),
        gettext_noop("Something is still missing on our side before you can connect. Please tell support."),
        "neutral",
    ),
    "network": Words(
        gettext_noop("Bling did not answer"),
        gettext_noop("Nothing was changed. Wait some minutes and start again from the connection's page."),
        gettext_noop("Nothing was changed. Wait some minutes and go back to the link."),
    ),
    "missing_scopes": Words(
        gettext_noop("The Bling app lacks permissions"),
        gettext_noop(
            "Tick what is missing in Bling (Central de Extensões › Área do integrador › the app › Lista de escopos), "
            "save, then start again. Saving scopes ends every authorization of the app."
        ),
        gettext_noop(
            "Tick what is missing in Bling (Central de Extensões › Área do integrador › the app › Lista de escopos), "
            "save, then go back to the link. If the app is not yours, tell support."
        ),
    ),
    "superseded": Words(
        gettext_noop("Something else was asked for meanwhile"),
        gettext_noop("Nothing was changed. Start again from the connection's page."),
        gettext_noop("Nothing was changed. Start again from the link that you received."),
        "neutral",
    ),
    "switch_unread": Words(
        gettext_noop("Bling did not answer"),
        gettext_noop(
            "Not everything that is read could be tried with the new access, so it was not stored. What was connected "
            "before goes on as it was. Wait some minutes and start again from the connection's page."
        ),
        gettext_noop(
            "The new access could not be tried, so it was not stored. What you allowed before goes on as it was. Wait "
            "some minutes and go back to the link."
        ),
    ),
    "switch_other_company": Words(
        gettext_noop("This is another company"),
        gettext_noop(
            "The user that was logged in at Bling belongs to another company than the one that is connected. The new "
            "access was not stored, and what was connected before goes on as it was. Log out of Bling, log in as the "
            "right company and start again."
        ),
        gettext_noop(
            "The user that was logged in at Bling belongs to another company than the one that is connected. Nothing "
            "was changed. Log out of Bling, go back to the link and log in as the right company."
        ),
    ),
    "switch_missing_scopes": Words(
        gettext_noop("The Bling app lacks permissions"),
        gettext_noop(
            "The new app may not read what is read today, so its access was not stored, and what was connected before "
            "goes on as it was. Tick what is missing in the new app (Central de Extensões › Área do integrador › the "
            "app › Lista de escopos) and start again."
        ),
        gettext_noop(
            "The new app may not read what is read today, so nothing was changed. Tick what is missing in the new app "
            "(Central de Extensões › Área do integrador › the app › Lista de escopos), then go back to the link. If "
            "the app is not yours, tell support."
        ),
    ),
    "switch_no_writing": Words(
        gettext_noop("The Bling app may not write"),
        gettext_noop(
            "Bling did not give all permissions that writing needs, so the new access was not stored, and what was "
            "connected before goes on as it was. Their numbers are on the connection's timeline. Tick them in the new "
            "app and start again."
        ),
        gettext_noop(
            "Bling did not give all permissions that writing needs, so nothing was changed. Tick them in the new app, "
            "then go back to the link. If the app is not yours, tell support."
        ),
    ),
    "rejected": Words(
        gettext_noop("Bling refused the authorization"),
        gettext_noop("Nothing was changed. Start again from the connection's page; if it happens again, call support."),
        gettext_noop("Nothing was changed. Go back to the link and try again; if it happens again, tell support."),
    ),
    "bad_link": Words(
        gettext_noop("This link is no longer valid"),
        gettext_noop("Links are valid for 72 hours, work once, and end when a newer one is made."),
        gettext_noop(
            "Links are valid for 72 hours, work once, and end when a newer one is made. If you have connected already, "
            "there is nothing more to do; if not, ask for a new link."
        ),
        "neutral",
    ),
}
AGAIN = {
    "refused", "expired", "not_ours", "other_company", "other_cnpj", "app_inactive", "account_overdue", "network",
    "missing_scopes", "rejected", "no_refresh_token", "superseded", "switch_unread", "switch_other_company",
    "switch_missing_scopes", "switch_no_writing",
}  # fmt: skip
"""After these a customer can try again with the same link."""
MISSING_SCOPES = {"missing_scopes", "switch_missing_scopes"}
"""These name in their detail what the app may not read."""
