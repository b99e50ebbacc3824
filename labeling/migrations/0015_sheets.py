"""Sheets: one person holds up to 24 tasks of a queue, one in each cell; claimed at once, by the rules of claiming one."""

from importlib import import_module

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from teams.identity.operations import SameOrganization

ONE = import_module("labeling.migrations.0011_claiming").CLAIM.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
# Whoever gets one task holds it in the first cell, wherever it stood before.
ONE_IN_THE_FIRST_CELL = ONE.replace("again_at = NULL, prefetched = ahead", "again_at = NULL, prefetched = ahead, cell = 0").replace(
    "prefetched = EXCLUDED.prefetched", "prefetched = EXCLUDED.prefetched, cell = 0"
)
assert ONE_IN_THE_FIRST_CELL.count("cell = 0") == 2

# What a person holds is held longer, and the free cells are filled: with what came back to them, what is meant for them
# or their team, then what is anybody's, asks first. A day's cap counts what is held as answered.
SHEET = """
CREATE FUNCTION labeling_claim_sheet(
    in_organization bigint, in_queue bigint, in_user bigint, cells integer, now_at timestamptz, today timestamptz
) RETURNS TABLE (lease labeling_lease, task labeling_task, example projects_example)
LANGUAGE plpgsql SET enable_seqscan = off SET enable_sort = off AS $body$
DECLARE
    rules labeling_queue;
    until timestamptz;
    hindered text;
    free integer[];
    again bigint[];
    aside bigint[];
    picked bigint[];
    places integer;
BEGIN
    SELECT * INTO rules FROM labeling_queue WHERE id = in_queue AND organization_id = in_organization;
    IF rules.id IS NULL THEN
        RETURN;
    END IF;
    until := now_at + rules.lease_s * interval '1 second';
    PERFORM pg_advisory_xact_lock(hashint8(in_queue), hashint8(in_user));

    UPDATE labeling_lease mine SET expires_at = greatest(mine.expires_at, until)
    WHERE mine.queue_id = in_queue AND mine.user_id = in_user AND mine.state = 'held' AND NOT mine.prefetched;
    free := ARRAY(
        SELECT one FROM generate_series(0, cells - 1) one
        WHERE NOT EXISTS (
            SELECT FROM labeling_lease mine
            WHERE mine.queue_id = in_queue AND mine.user_id = in_user AND mine.state = 'held'
              AND NOT mine.prefetched AND mine.cell = one
        )
    );
    hindered := labeling_hindrance(in_organization, in_queue, in_user, now_at, today);

    IF hindered IS DISTINCT FROM 'person_paused' THEN
        again := ARRAY(
            SELECT mine.id FROM labeling_lease mine JOIN labeling_task back ON back.id = mine.task_id
            WHERE mine.organization_id = in_organization AND mine.user_id = in_user AND mine.queue_id = in_queue
              AND back.state = 'open'
              AND (mine.state = 'returned' OR (mine.state = 'put_off' AND mine.again_at <= now_at))
            ORDER BY mine.ended_at LIMIT cardinality(free) FOR NO KEY UPDATE OF mine SKIP LOCKED
        );
        UPDATE labeling_lease mine
        SET state = 'held', token = mine.token + 1, claimed_at = now_at, expires_at = until, ended_at = NULL,
            again_at = NULL, prefetched = false, cell = free[array_position(again, mine.id)]
        WHERE mine.id = ANY (again);
        free := free[cardinality(again) + 1 :];
    END IF;

    IF hindered IS NULL THEN
        places := cardinality(free);
        IF rules.daily_cap > 0 THEN
            places := least(places, rules.daily_cap - (
                SELECT count(*) FROM labeling_lease given
                WHERE given.queue_id = in_queue AND given.user_id = in_user
                  AND ((given.state = 'answered' AND given.ended_at >= today) OR given.state = 'held')
            ));
        END IF;
        places := greatest(places, 0);
        aside := ARRAY(
            SELECT aside.id FROM labeling_task aside
            WHERE aside.organization_id = in_organization AND aside.queue_id = in_queue AND aside.state = 'open'
              AND aside.open_slots > 0 AND NOT aside.people @> ARRAY[in_user] AND aside.line <> 'anybody'
              AND ((aside.line = 'assigned' AND aside.assigned_to_id = in_user) OR (
                  aside.line = 'escalated' AND EXISTS (
                      SELECT FROM teams_teammember mine JOIN teams_membership membership
                      ON membership.id = mine.membership_id
                      WHERE mine.team_id = rules.escalation_team_id AND membership.user_id = in_user
                        AND membership.organization_id = in_organization
                  )
              ))
            ORDER BY aside.priority DESC, aside.due_at, aside.id LIMIT places FOR NO KEY UPDATE SKIP LOCKED
        );
        picked := aside || ARRAY(
            SELECT next.id FROM labeling_task next
            WHERE next.organization_id = in_organization AND next.queue_id = in_queue AND next.state = 'open'
              AND next.open_slots > 0 AND next.line = 'anybody' AND NOT next.people @> ARRAY[in_user]
            ORDER BY next.priority DESC, next.due_at, next.order_key, next.id
            LIMIT places - cardinality(aside) FOR NO KEY UPDATE SKIP LOCKED
        );
        UPDATE labeling_task taken SET open_slots = taken.open_slots - 1, people = taken.people || in_user
        WHERE taken.id = ANY (picked);
        INSERT INTO labeling_lease AS mine (organization_id, task_id, queue_id, round, user_id, state, token, claimed_at,
            expires_at, prefetched, cell)
        SELECT in_organization, taken.id, in_queue, taken.round, in_user, 'held', 1, now_at, until, false,
            free[array_position(picked, taken.id)]
        FROM labeling_task taken WHERE taken.id = ANY (picked)
        ON CONFLICT (task_id, round, user_id) DO UPDATE
        SET state = 'held', token = mine.token + 1, claimed_at = EXCLUDED.claimed_at,
            expires_at = EXCLUDED.expires_at, ended_at = NULL, prefetched = false, cell = EXCLUDED.cell;
    END IF;

    RETURN QUERY
    SELECT l, t, e FROM labeling_lease l JOIN labeling_task t ON t.id = l.task_id
    JOIN projects_example e ON e.id = t.example_id
    WHERE l.queue_id = in_queue AND l.user_id = in_user AND l.state = 'held' AND NOT l.prefetched
      AND l.organization_id = in_organization;
END
$body$
"""


class Migration(migrations.Migration):

    dependencies = [
        ('labeling', '0014_issues'),
        ('teams', '0010_stored_answers'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='lease',
            name='one_task_at_a_time',
        ),
        migrations.AddField(
            model_name='lease',
            name='cell',
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='queue',
            name='asking',
            field=models.CharField(choices=[('one', 'one task at a time'), ('sheet', 'many guesses at once: only the exceptions are marked')], db_default='one', default='one', help_text='Many at once: up to 24 examples with what the model says of each; what is not marked is accepted.', max_length=5, verbose_name='people see'),
        ),
        migrations.AddField(
            model_name='queue',
            name='exceptions_to',
            field=models.ForeignKey(blank=True, help_text='Where many are seen at once. Empty: whoever marks one chooses the right class.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='labeling.queue', verbose_name='marked exceptions go to'),
        ),
        migrations.AddConstraint(
            model_name='lease',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'held')), fields=('queue', 'user', 'prefetched', 'cell'), name='one_task_a_cell'),
        ),
        migrations.AddConstraint(
            model_name='lease',
            constraint=models.CheckConstraint(condition=models.Q(('cell__lt', 24)), name='lease_in_a_sheet'),
        ),
        SameOrganization("Queue", "exceptions_to"),
        migrations.RunSQL(ONE_IN_THE_FIRST_CELL, ONE),
        migrations.RunSQL(
            SHEET, "DROP FUNCTION labeling_claim_sheet(bigint, bigint, bigint, integer, timestamptz, timestamptz)"
        ),
    ]
