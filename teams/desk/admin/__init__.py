"""The ground floor at the desk."""

from teams.desk.admin import events, invitations, jobs, members, teams, tokens

__all__ = ["events", "invitations", "jobs", "members", "teams", "tokens"]
