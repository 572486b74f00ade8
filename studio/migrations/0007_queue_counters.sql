-- The counters of the queue: what each user and queue has waiting, and how much waits in all.
-- Order of locks, everywhere: the job's row, its user's row in studio_queueuser, the totals.

CREATE SEQUENCE studio_served;

-- Count one user's job in (by = 1) or out (by = -1) of the totals.
CREATE FUNCTION studio_count_total(job studio_renderjob, is_due boolean, by integer) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO studio_queuetotal AS total (queue, due, model_file_id, purpose, shard, jobs, frames)
    VALUES (job.queue, is_due, job.model_file_id, job.purpose, job.owner_id % 32,
            by, by * greatest(0, job.frames_total - job.frames_done))
    ON CONFLICT (shard, queue, due, model_file_id, purpose)
    DO UPDATE SET jobs = total.jobs + excluded.jobs, frames = total.frames + excluded.frames;
$$;

-- Look the user's next job of one queue up again. Over all tenants, whoever moves a job of whichever.
CREATE FUNCTION studio_find_head(who bigint, name text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    scope text := coalesce(current_setting('studio.tenant', true), '');
BEGIN
    PERFORM set_config('studio.tenant', '*', true);
    UPDATE studio_queueturn AS turn
    SET head_priority = head.priority, head_queued_at = head.queued_at, head_id = head.id
    FROM (SELECT 1) AS always LEFT JOIN LATERAL (
        SELECT priority, queued_at, id FROM studio_renderjob
        WHERE owner_id = who AND queue = name AND status = 'queued' AND provider = 'local' AND not_before IS NULL
        ORDER BY priority DESC, queued_at, id LIMIT 1
    ) AS head ON true
    WHERE turn.owner_id = who AND turn.queue = name;
    PERFORM set_config('studio.tenant', scope, true);
END $$;

-- was: the row as it was, NULL for a new one; job: as it is, NULL for one that is deleted. Both of one owner.
CREATE FUNCTION studio_count_move(was studio_renderjob, job studio_renderjob) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    who bigint := coalesce(job.owner_id, was.owner_id);
    was_queued boolean := coalesce(was.status = 'queued', false);
    is_queued boolean := coalesce(job.status = 'queued', false);
    was_due boolean := was_queued AND was.provider = 'local' AND was.not_before IS NULL;
    is_due boolean := is_queued AND job.provider = 'local' AND job.not_before IS NULL;
    was_running boolean := coalesce(was.status = 'running', false);
    is_running boolean := coalesce(job.status = 'running', false);
    ran integer := is_running::int - was_running::int;
    now_served bigint;
    mine studio_queueuser;
    head_moved boolean;
BEGIN
    IF coalesce(job.provider = 'local', false)
        AND (ran > 0 OR (was.id IS NULL AND job.started_at IS NOT NULL)) THEN
        now_served := nextval('studio_served');
    END IF;
    INSERT INTO studio_queueuser AS counted (owner_id, running, served) VALUES (who, ran, now_served)
    ON CONFLICT (owner_id)
    DO UPDATE SET running = counted.running + ran, served = coalesce(now_served, counted.served)
    RETURNING * INTO mine;
    IF ran <> 0 OR now_served IS NOT NULL THEN
        UPDATE studio_queueturn SET running = mine.running, served = mine.served WHERE owner_id = who;
    END IF;
    IF was_due THEN
        UPDATE studio_queueturn SET waiting = waiting - 1 WHERE owner_id = who AND queue = was.queue
        RETURNING head_id IS NOT DISTINCT FROM was.id INTO head_moved;
        IF head_moved THEN
            PERFORM studio_find_head(who, was.queue);
        END IF;
    END IF;
    IF is_due THEN
        INSERT INTO studio_queueturn AS turn
            (owner_id, queue, waiting, running, served, head_priority, head_queued_at, head_id)
        VALUES (who, job.queue, 1, mine.running, mine.served, job.priority, job.queued_at, job.id)
        ON CONFLICT (owner_id, queue) DO UPDATE SET waiting = turn.waiting + 1;
        UPDATE studio_queueturn
        SET head_priority = job.priority, head_queued_at = job.queued_at, head_id = job.id
        WHERE owner_id = who AND queue = job.queue AND (
            head_id IS NULL
            OR (-job.priority, job.queued_at, job.id) < (-head_priority, head_queued_at, head_id)
        );
    END IF;
    IF was_queued THEN
        PERFORM studio_count_total(was, was_due, -1);
    END IF;
    IF is_queued THEN
        PERFORM studio_count_total(job, is_due, 1);
    END IF;
END $$;

CREATE FUNCTION studio_job_moved() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    nothing studio_renderjob;
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM studio_count_move(nothing, NEW);
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM studio_count_move(OLD, nothing);
    ELSIF OLD.owner_id = NEW.owner_id THEN
        PERFORM studio_count_move(OLD, NEW);
    ELSE
        PERFORM studio_count_move(OLD, nothing);
        PERFORM studio_count_move(nothing, NEW);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER studio_job_queued AFTER INSERT ON studio_renderjob FOR EACH ROW
    WHEN (NEW.status IN ('queued', 'running') OR NEW.started_at IS NOT NULL)
    EXECUTE FUNCTION studio_job_moved();

-- A heartbeat and progress move nothing that is counted.
CREATE TRIGGER studio_job_moved AFTER UPDATE ON studio_renderjob FOR EACH ROW
    WHEN (
        (OLD.status IN ('queued', 'running') OR NEW.status IN ('queued', 'running'))
        AND (
            (OLD.status, OLD.owner_id, OLD.queue, OLD.provider, OLD.not_before, OLD.priority, OLD.queued_at,
             OLD.model_file_id, OLD.purpose, OLD.frames_total)
            IS DISTINCT FROM
            (NEW.status, NEW.owner_id, NEW.queue, NEW.provider, NEW.not_before, NEW.priority, NEW.queued_at,
             NEW.model_file_id, NEW.purpose, NEW.frames_total)
            OR (NEW.status = 'queued' AND OLD.frames_done <> NEW.frames_done)
        )
    )
    EXECUTE FUNCTION studio_job_moved();

CREATE TRIGGER studio_job_deleted AFTER DELETE ON studio_renderjob FOR EACH ROW
    WHEN (OLD.status IN ('queued', 'running'))
    EXECUTE FUNCTION studio_job_moved();

-- Count one user anew; true when something was wrong, and is right now.
CREATE FUNCTION studio_recount_user(who bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    counted studio_queueuser;
    mine studio_queueuser;
    wrong integer;
    rows integer;
BEGIN
    IF current_setting('studio.tenant', true) IS DISTINCT FROM '*' THEN
        RAISE EXCEPTION 'the queue is counted over all tenants';
    END IF;
    INSERT INTO studio_queueuser (owner_id, running) VALUES (who, 0) ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS wrong = ROW_COUNT;
    SELECT * INTO counted FROM studio_queueuser WHERE owner_id = who FOR UPDATE;
    mine := counted;
    SELECT count(*) INTO mine.running FROM studio_renderjob WHERE owner_id = who AND status = 'running';
    IF mine.served IS NULL AND EXISTS (
        SELECT FROM studio_renderjob WHERE owner_id = who AND provider = 'local' AND started_at IS NOT NULL
    ) THEN
        mine.served := nextval('studio_served');
    END IF;
    IF mine IS DISTINCT FROM counted THEN
        UPDATE studio_queueuser SET running = mine.running, served = mine.served WHERE owner_id = who;
        wrong := 1;
    END IF;
    WITH waiting AS (
        SELECT queue, priority, queued_at, id,
               count(*) OVER (PARTITION BY queue) AS jobs,
               row_number() OVER (PARTITION BY queue ORDER BY priority DESC, queued_at, id) AS place
        FROM studio_renderjob
        WHERE owner_id = who AND status = 'queued' AND provider = 'local' AND not_before IS NULL
    )
    INSERT INTO studio_queueturn AS turn
        (owner_id, queue, waiting, running, served, head_priority, head_queued_at, head_id)
    SELECT who, queue, jobs, mine.running, mine.served, priority, queued_at, id FROM waiting WHERE place = 1
    ON CONFLICT (owner_id, queue) DO UPDATE
    SET waiting = excluded.waiting, running = excluded.running, served = excluded.served,
        head_priority = excluded.head_priority, head_queued_at = excluded.head_queued_at, head_id = excluded.head_id
    WHERE (turn.waiting, turn.running, turn.served, turn.head_priority, turn.head_queued_at, turn.head_id)
        IS DISTINCT FROM (excluded.waiting, excluded.running, excluded.served,
                          excluded.head_priority, excluded.head_queued_at, excluded.head_id);
    GET DIAGNOSTICS rows = ROW_COUNT;
    wrong := wrong + rows;
    UPDATE studio_queueturn AS turn
    SET waiting = 0, running = mine.running, served = mine.served,
        head_priority = NULL, head_queued_at = NULL, head_id = NULL
    WHERE owner_id = who
        AND NOT EXISTS (
            SELECT FROM studio_renderjob AS job
            WHERE job.owner_id = who AND job.queue = turn.queue AND job.status = 'queued' AND job.provider = 'local'
                AND job.not_before IS NULL
        )
        AND (waiting <> 0 OR head_id IS NOT NULL OR (running, served) IS DISTINCT FROM (mine.running, mine.served));
    GET DIAGNOSTICS rows = ROW_COUNT;
    RETURN wrong + rows > 0;
END $$;

-- Count one shard of the totals anew; answers how many were wrong. What is on its way waits for the locked rows, and
-- is added to them.
CREATE FUNCTION studio_recount_totals(part integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    wrong integer;
BEGIN
    IF current_setting('studio.tenant', true) IS DISTINCT FROM '*' THEN
        RAISE EXCEPTION 'the queue is counted over all tenants';
    END IF;
    PERFORM 1 FROM studio_queuetotal WHERE shard = part ORDER BY id FOR UPDATE;
    WITH truth AS (
        SELECT queue, provider = 'local' AND not_before IS NULL AS due, model_file_id, purpose,
               count(*) AS jobs, sum(greatest(0, frames_total - frames_done)) AS frames
        FROM studio_renderjob WHERE status = 'queued' AND owner_id % 32 = part GROUP BY 1, 2, 3, 4
    ), difference AS (
        SELECT queue, due, model_file_id, purpose,
               coalesce(truth.jobs, 0) - coalesce(total.jobs, 0) AS jobs,
               coalesce(truth.frames, 0) - coalesce(total.frames, 0) AS frames
        FROM truth FULL JOIN (SELECT * FROM studio_queuetotal WHERE shard = part) AS total
            USING (queue, due, model_file_id, purpose)
    )
    INSERT INTO studio_queuetotal AS total (queue, due, model_file_id, purpose, shard, jobs, frames)
    SELECT queue, due, model_file_id, purpose, part, jobs, frames FROM difference WHERE jobs <> 0 OR frames <> 0
    ON CONFLICT (shard, queue, due, model_file_id, purpose)
    DO UPDATE SET jobs = total.jobs + excluded.jobs, frames = total.frames + excluded.frames;
    GET DIAGNOSTICS wrong = ROW_COUNT;
    RETURN wrong;
END $$;

-- What is there already: users in the order in which they were served last.
SELECT set_config('studio.tenant', '*', true);
INSERT INTO studio_queueuser (owner_id, running, served)
SELECT owner_id, 0, nextval('studio_served') FROM (
    SELECT owner_id FROM studio_renderjob WHERE provider = 'local' AND started_at IS NOT NULL
    GROUP BY owner_id ORDER BY max(started_at)
) AS served;
SELECT count(studio_recount_user(owner_id)) FROM (
    SELECT DISTINCT owner_id FROM studio_renderjob WHERE status IN ('queued', 'running')
) AS active;
SELECT count(studio_recount_totals(part)) FROM generate_series(0, 31) AS part;
