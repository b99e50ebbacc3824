"""Claiming as a function of the database: its plans are kept, and it asks no more than the case at hand needs.

`labeling/tasks/claiming.py` is the only caller. As one statement of several parts it was planned anew at each call,
which took longer than running it.
"""

from django.db import migrations

# What keeps a person from being given tasks of a queue; null: nothing. The words are in labeling/tasks/hindrances.py.
HINDRANCE = """
CREATE FUNCTION labeling_hindrance(
    in_organization bigint, in_queue bigint, in_user bigint, now_at timestamptz, today timestamptz
) RETURNS text LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $body$
DECLARE
    queue labeling_queue;
BEGIN
    SELECT * INTO queue FROM labeling_queue WHERE id = in_queue AND organization_id = in_organization;
    IF queue.state IS DISTINCT FROM 'active' THEN
        RETURN 'queue_paused';
    END IF;
    IF EXISTS (
        SELECT FROM labeling_pause pause
        WHERE pause.organization_id = in_organization AND pause.user_id = in_user AND pause.ended_at IS NULL
          AND (pause.queue_id IS NULL OR pause.queue_id = in_queue)
    ) THEN
        RETURN 'person_paused';
    END IF;
    IF EXISTS (SELECT FROM labeling_reservation kept WHERE kept.queue_id = in_queue) AND NOT EXISTS (
        SELECT FROM labeling_reservation kept WHERE kept.queue_id = in_queue AND kept.user_id = in_user
    ) AND NOT EXISTS (
        SELECT FROM labeling_reservation kept JOIN teams_teammember mine ON mine.team_id = kept.team_id
        JOIN teams_membership membership ON membership.id = mine.membership_id
        WHERE kept.queue_id = in_queue AND membership.user_id = in_user
          AND membership.organization_id = in_organization
    ) THEN
        RETURN 'reserved';
    END IF;
    IF queue.requires_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM labeling_credential held
        WHERE held.qualification_id = queue.requires_id AND held.user_id = in_user
          AND (held.expires_at IS NULL OR held.expires_at > now_at)
    ) THEN
        RETURN 'unqualified';
    END IF;
    IF queue.daily_cap > 0 AND (
        SELECT count(*) FROM (
            SELECT FROM labeling_lease given
            WHERE given.queue_id = in_queue AND given.user_id = in_user AND given.state = 'answered'
              AND given.ended_at >= today
            LIMIT queue.daily_cap
        ) enough
    ) >= queue.daily_cap THEN
        RETURN 'daily_cap';
    END IF;
    RETURN NULL;
END
$body$
"""

# What the person holds, else what came back to them, else the next task: an ask, what is meant for them or their
# team, what is anybody's. `ahead` asks for the one after that, which is no ask: somebody waits for those.
CLAIM = """
CREATE FUNCTION labeling_claim(
    in_organization bigint, in_queue bigint, in_user bigint, ahead boolean, now_at timestamptz, today timestamptz,
    ahead_for interval
) RETURNS TABLE (lease labeling_lease, task labeling_task, example projects_example)
LANGUAGE plpgsql SET enable_seqscan = off SET enable_sort = off AS $body$
DECLARE
    rules labeling_queue;
    until timestamptz;
    chosen bigint;
    is_early boolean;
    is_asked boolean := false;
    hindered text;
    picked bigint;
    picked_round smallint;
BEGIN
    SELECT * INTO rules FROM labeling_queue WHERE id = in_queue AND organization_id = in_organization;
    IF rules.id IS NULL THEN
        RETURN;
    END IF;
    until := now_at + CASE WHEN ahead THEN ahead_for ELSE rules.lease_s * interval '1 second' END;
    -- Two windows of one person come one after the other; each statement below sees what the first one did.
    PERFORM pg_advisory_xact_lock(hashint8(in_queue), hashint8(in_user));

    SELECT mine.id, mine.prefetched INTO chosen, is_early FROM labeling_lease mine
    WHERE mine.queue_id = in_queue AND mine.user_id = in_user AND mine.state = 'held'
      AND (mine.prefetched OR NOT ahead)
    ORDER BY mine.prefetched LIMIT 1;
    IF is_early AND NOT ahead THEN
        is_asked := EXISTS (
            SELECT FROM labeling_task waiting
            WHERE waiting.organization_id = in_organization AND waiting.queue_id = in_queue
              AND waiting.state = 'open' AND waiting.open_slots > 0 AND waiting.line = 'anybody'
              AND waiting.priority >= 100 AND NOT waiting.people @> ARRAY[in_user]
        );
    END IF;
    IF chosen IS NOT NULL AND NOT is_asked THEN
        UPDATE labeling_lease mine
        SET expires_at = greatest(mine.expires_at, until), prefetched = ahead,
            claimed_at = CASE WHEN is_early AND NOT ahead THEN now_at ELSE mine.claimed_at END
        WHERE mine.id = chosen AND mine.state = 'held';
        IF NOT FOUND THEN
            chosen := NULL;
        END IF;
    ELSE
        chosen := NULL;
    END IF;

    IF chosen IS NULL THEN
        hindered := labeling_hindrance(in_organization, in_queue, in_user, now_at, today);
    END IF;
    IF chosen IS NULL AND NOT is_asked AND hindered IS DISTINCT FROM 'person_paused' THEN
        SELECT mine.id INTO chosen FROM labeling_lease mine JOIN labeling_task back ON back.id = mine.task_id
        WHERE mine.organization_id = in_organization AND mine.user_id = in_user AND mine.queue_id = in_queue
          AND back.state = 'open'
          AND (mine.state = 'returned' OR (mine.state = 'put_off' AND mine.again_at <= now_at))
        ORDER BY mine.ended_at LIMIT 1 FOR NO KEY UPDATE OF mine SKIP LOCKED;
        UPDATE labeling_lease mine
        SET state = 'held', token = mine.token + 1, claimed_at = now_at, expires_at = until, ended_at = NULL,
            again_at = NULL, prefetched = ahead
        WHERE mine.id = chosen;
    END IF;

    IF chosen IS NULL AND hindered IS NULL THEN
        IF NOT is_asked THEN
            SELECT aside.id, aside.round INTO picked, picked_round FROM labeling_task aside
            WHERE aside.organization_id = in_organization AND aside.queue_id = in_queue AND aside.state = 'open'
              AND aside.open_slots > 0 AND NOT aside.people @> ARRAY[in_user]
              AND aside.line <> 'anybody'
              AND ((aside.line = 'assigned' AND aside.assigned_to_id = in_user) OR (
                  aside.line = 'escalated' AND EXISTS (
                      SELECT FROM teams_teammember mine JOIN teams_membership membership
                      ON membership.id = mine.membership_id
                      WHERE mine.team_id = rules.escalation_team_id AND membership.user_id = in_user
                        AND membership.organization_id = in_organization
                  )
              ))
            ORDER BY aside.priority DESC, aside.due_at, aside.id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
        END IF;
        IF picked IS NULL THEN
            SELECT next.id, next.round INTO picked, picked_round FROM labeling_task next
            WHERE next.organization_id = in_organization AND next.queue_id = in_queue AND next.state = 'open'
              AND next.open_slots > 0 AND next.line = 'anybody' AND NOT next.people @> ARRAY[in_user]
              AND (next.priority < 100 OR NOT ahead)
            ORDER BY next.priority DESC, next.due_at, next.order_key, next.id
            LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
        END IF;
        IF picked IS NULL THEN
            RETURN;
        END IF;
        UPDATE labeling_task taken SET open_slots = taken.open_slots - 1, people = taken.people || in_user
        WHERE taken.id = picked;
        INSERT INTO labeling_lease AS mine (organization_id, task_id, queue_id, round, user_id, state, token, claimed_at,
            expires_at, prefetched)
        VALUES (in_organization, picked, in_queue, picked_round, in_user, 'held', 1, now_at, until, ahead)
        ON CONFLICT (task_id, round, user_id) DO UPDATE
        SET state = 'held', token = mine.token + 1, claimed_at = EXCLUDED.claimed_at,
            expires_at = EXCLUDED.expires_at, ended_at = NULL, prefetched = EXCLUDED.prefetched
        RETURNING mine.id INTO chosen;
    END IF;

    RETURN QUERY
    SELECT l, t, e FROM labeling_lease l JOIN labeling_task t ON t.id = l.task_id
    JOIN projects_example e ON e.id = t.example_id
    WHERE l.id = chosen;
END
$body$
"""


class Migration(migrations.Migration):
    dependencies = [("labeling", "0010_work_distribution")]

    operations = [
        migrations.RunSQL(
            HINDRANCE, "DROP FUNCTION labeling_hindrance(bigint, bigint, bigint, timestamptz, timestamptz)"
        ),
        migrations.RunSQL(
            CLAIM,
            "DROP FUNCTION labeling_claim(bigint, bigint, bigint, boolean, timestamptz, timestamptz, interval)",
        ),
    ]
