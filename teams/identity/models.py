"""The rows that everything hangs on: people, organizations, who belongs where."""

from __future__ import annotations

from typing import Any, ClassVar

from django.apps import apps
from django.contrib.auth import get_backends
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import Group, PermissionsMixin
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from teams.identity.roles import Role, verbs_of

slug_is_plain = RegexValidator(
    r"^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\Z", _("Use small letters, digits and hyphens.")
)


class UserManager(BaseUserManager["User"]):
    """Makes people; service accounts are made by `teams.access.actions`."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A person who signs in with `email`; without a password nobody can sign in as them.

        Whoever makes an account for somebody vouches for the address: an invitation's link has proven it.
        """
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        if not user.is_service:
            addresses = apps.get_model("account", "EmailAddress")._default_manager
            addresses.create(user=user, email=user.email, verified=True, primary=True)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """An operator of the installation."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def people(self) -> models.QuerySet[User]:
        """Without service accounts."""
        return self.filter(is_service=False)

    def operators(self) -> models.QuerySet[User]:
        """Those of whom `is_operator` is true."""
        return self.filter(is_active=True, is_staff=True, is_superuser=True)

    def get_by_natural_key(self, username: str | None) -> User:
        """E-mail addresses are one person's whatever their case."""
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A person, or a service account: a user without a password."""

    email = models.EmailField(_("e-mail"), max_length=254)
    name = models.CharField(_("name"), max_length=120, blank=True)
    is_service = models.BooleanField(_("service account"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("operator of the installation"), default=False)
    joined_at = models.DateTimeField(_("joined"), default=timezone.now)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_is_one_persons")]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def is_operator(self) -> bool:
        """Whether they run the installation; that opens no organization to them."""
        return self.is_active and self.is_staff and self.is_superuser

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Only the backend answers: who operates the installation may do no more than their role in an organization."""
        return any(backend.has_perm(self, perm, obj) for backend in get_backends())

    def get_full_name(self) -> str:
        """What Django's own pages call them."""
        return str(self)

    def get_short_name(self) -> str:
        """What colleagues call them."""
        return self.name.split(" ")[0] if self.name else self.email.split("@")[0]


class OrganizationQuerySet(models.QuerySet["Organization"]):
    """Questions about organizations."""

    def of(self, user: User) -> OrganizationQuerySet:
        """The open organizations in which this user has an active membership."""
        return self.filter(is_active=True, memberships__user=user, memberships__is_active=True)


class Organization(models.Model):
    """The tenant: every other row belongs to one."""

    class FiguresFor(models.TextChoices):
        """Who sees figures about a person: how much, how fast, how often given back."""

        PERSON = "person", _("the person alone")
        MANAGERS = "managers", _("the person, and owners, admins and managers")

    slug = models.SlugField(_("address"), max_length=50, unique=True, validators=[slug_is_plain])
    name = models.CharField(_("name"), max_length=120)
    is_active = models.BooleanField(
        _("open"),
        default=True,
        editable=False,
        help_text=_("While it is closed, no page and no token of it works."),
    )
    needs_second_factor = models.BooleanField(
        _("managers need a second factor"),
        default=False,
        help_text=_("Owners, admins and managers get in with a password and one more proof, or not at all."),
    )
    figures_purpose = models.CharField(
        _("why figures about people are kept"),
        max_length=300,
        blank=True,
        default="",
        help_text=_(
            "Everybody reads this beside their own figures. Without a purpose nobody else sees them."
        ),
    )
    figures_visible_to = models.CharField(
        _("who sees figures about a person"),
        max_length=10,
        choices=FiguresFor.choices,
        default=FiguresFor.PERSON,
    )
    figures_kept_days = models.PositiveSmallIntegerField(
        _("figures about people are kept for, days"),
        default=90,
        validators=[MinValueValidator(1), MaxValueValidator(366)],
        help_text=_("After that no page counts further back, and how long each answer took is erased."),
    )
    figures_due_at = models.DateTimeField(default=timezone.now, editable=False, db_index=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    digest_key = models.BinaryField(
        max_length=32, editable=False, help_text=_("Keys the digests of contents.")
    )

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        verbose_name = _("organization")
        verbose_name_plural = _("organizations")
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(figures_visible_to="person") | ~models.Q(figures_purpose=""),
                name="figures_have_a_purpose",
                violation_error_message=_("Say first why others should see figures about people."),
            )
        ]

    def __str__(self) -> str:
        return self.name


def organization_key(related_name: str = "%(class)ss") -> models.ForeignKey[Organization, Organization]:
    """The required key that every tenant row carries; `related_name` is what one says after `organization.`"""
    return models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name=related_name, db_index=False, editable=False
    )


class OrganizationModel(models.Model):
    """A row of one organization. Its indexes lead with the organization, so the key needs no index of its own."""

    organization = organization_key()

    class Meta:
        abstract = True


class MembershipQuerySet(models.QuerySet["Membership"]):
    """Questions about who belongs."""

    def active(self) -> MembershipQuerySet:
        """Memberships that open doors: active, of an active user, in an organization that is not closed."""
        return self.filter(is_active=True, user__is_active=True, organization__is_active=True)

    def people(self) -> MembershipQuerySet:
        """Without service accounts."""
        return self.filter(user__is_service=False)


class Membership(OrganizationModel):
    """A person in an organization, with one role."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints = [
            models.UniqueConstraint(fields=["organization", "user"], name="one_membership_a_person"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.get_role_display()}"

    def can(self, verb: str) -> bool:
        """Whether the role's verbs include this one; where it holds is another question."""
        return self.is_active and verb in verbs_of(self.role)


class Team(OrganizationModel):
    """People of one organization who are granted things together; owns one auth group."""

    name = models.CharField(_("name"), max_length=120)
    group = models.OneToOneField(Group, on_delete=models.PROTECT, related_name="team", editable=False)
    members: models.ManyToManyField[Membership, TeamMember] = models.ManyToManyField(
        Membership, through="TeamMember", related_name="teams", verbose_name=_("members")
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint("organization", Lower("name"), name="team_name_is_unique")]

    def __str__(self) -> str:
        return self.name


class TeamMember(OrganizationModel):
    """One person in one team; the team's auth group mirrors it."""

    organization = organization_key("team_members")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="team_members")
    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="team_members")

    class Meta:
        verbose_name = _("team member")
        verbose_name_plural = _("team members")
        constraints = [models.UniqueConstraint(fields=["team", "membership"], name="once_in_a_team")]

    def __str__(self) -> str:
        return f"{self.membership.user} in {self.team}"
