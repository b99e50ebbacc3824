"""Labeling."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LabelingConfig(AppConfig):
    name = "labeling"
    verbose_name = "Labeling"

    def ready(self) -> None:
        """Make this floor's events, work and places known."""
        from labeling.answers import fields, pace
        from labeling.answers.keeping import with_answers
        from labeling.answers.kinds import KINDS as answers
        from labeling.asks import handlers as asks
        from labeling.asks.kinds import KINDS as asks_kinds
        from labeling.erasers import register_erasers
        from labeling.imports import handlers as imports
        from labeling.imports import readers
        from labeling.imports.kinds import KINDS as imports_kinds
        from labeling.imports.sweeping import sweep_uploads
        from labeling.quality import handlers as quality
        from labeling.quality.kinds import KINDS as quality_kinds
        from labeling.queues.kinds import KINDS as queues
        from labeling.queues.relying import relying_queues
        from labeling.recall import running
        from labeling.recall.kinds import KINDS as recall_kinds
        from labeling.reviews import handlers as reviews
        from labeling.reviews.counting import answer_panel
        from labeling.reviews.issue_pages import issues_panel
        from labeling.reviews.kinds import KINDS as reviews_kinds
        from labeling.tasks import handlers as tasks
        from labeling.tasks.keeping import with_tasks
        from labeling.tasks.kinds import KINDS as tasks_kinds
        from projects.conditions.fields import register_source
        from projects.streams.dependents import register_dependents
        from projects.streams.panels import register_example_panel
        from projects.streams.retention import register_keeper
        from teams.desk.navigation import register_item
        from teams.events.actions import register
        from teams.work.sweeping import register_sweeper

        register(*queues, *tasks_kinds, *answers, *asks_kinds, *imports_kinds)
        register(*quality_kinds, *reviews_kinds, *recall_kinds)
        register_dependents(relying_queues)
        register_source(fields.answered, *fields.STARTS)
        register_source(fields.classes, *fields.STARTS_OF_CLASSES)
        register_keeper("answers", with_answers)
        register_keeper("tasks", with_tasks)
        register_erasers()
        register_example_panel(answer_panel)
        register_example_panel(issues_panel)
        register_sweeper("imports", sweep_uploads)
        assert pace
        assert tasks
        assert quality
        assert reviews
        assert imports
        assert running
        assert readers
        assert asks  # handlers are registered by being imported
        register_item(_("Figures"), "all-figures", key="f", permission="teams.view_people", order=85)
        register_item(
            _("Imports"), "imports", key="i", permission="projects.view_project", scope="project", order=15
        )
        register_item(
            _("Quality"),
            "quality",
            key="q",
            permission="projects.view_answers_project",
            scope="project",
            order=18,
            pages=["queue-quality", "queue-gold", "answer-checks", "recalls", "recall"],
        )
        register_item(_("Label"), "label-home", key="l", permission="projects.label_project", order=10)
        register_item(
            _("Review"),
            "review-home",
            key="v",
            permission="projects.review_project",
            order=12,
            pages=["contested"],
        )
