"""What labeling keeps of an example, and who removes it; what points at something goes before it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from labeling.answers.erasing import count_answers, erase_answers
from labeling.asks.erasing import count_asks, erase_asks
from labeling.imports.forgetting import erase_audited, erase_files, erase_reports
from labeling.quality.erasing import erase_measured, erase_reviews
from labeling.recall.erasing import erase_recalled
from labeling.reviews.erasing import erase_issues
from labeling.tasks.erasing import count_tasks, erase_tasks
from teams.work.erasing import register_eraser


def register_erasers() -> None:
    """The last one registered is asked first."""
    register_eraser(
        "tasks", erase_tasks, words=_("Tasks, and drafts of answers"), at_once=True, count=count_tasks
    )
    register_eraser("answers", erase_answers, words=_("Answers"), at_once=True, count=count_answers)
    register_eraser("checked-labels", erase_audited, words=_("Checks of imported labels"), at_once=True)
    register_eraser("import-files", erase_files, words=_("Uploaded files of imports"))
    register_eraser("import-reports", erase_reports, words=_("Rows in reports of imports"))
    register_eraser("reviews", erase_reviews, words=_("Verdicts on answers"), at_once=True)
    register_eraser("issues", erase_issues, words=_("Issues and questions"), at_once=True)
    register_eraser("measured", erase_measured, words=_("Known answers and checks"), at_once=True)
    register_eraser("recalled", erase_recalled, words=_("Notes of recalled answers"), at_once=True)
    register_eraser("asks", erase_asks, words=_("Questions of pipelines"), at_once=True, count=count_asks)
