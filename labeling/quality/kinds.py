"""What can happen around figures about people, and around tasks whose answer is known."""

from django.utils.translation import gettext_lazy as _

from teams.events.actions import Kind

KINDS = (
    Kind("figures.viewed", _("Looked at figures")),
    Kind("gold.made", _("Known answer added")),
    Kind("gold.retired", _("Known answer taken out of use")),
    Kind("gold.brought_back", _("Known answer in use again")),
    Kind("check.declared", _("Check of answers declared")),
    Kind("check.ended", _("Check of answers ended")),
    Kind("person.warned", _("Warned: score too low")),
    Kind("person.recovered", _("Score is good again")),
)
