-- The timeline of renders: a change of state, queue or priority is written down in the transaction that makes it.

CREATE FUNCTION studio_note_render() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    of_a_worker boolean := 'running' IN (OLD.status, NEW.status);
    why text := '';
BEGIN
    IF NEW.status <> OLD.status THEN
        IF NEW.status = 'failed' OR NEW.cause <> OLD.cause THEN
            why := split_part(NEW.cause, E'\n', 1);
        END IF;
        INSERT INTO studio_renderevent
            (tenant_id, job_id, at, kind, before, after, attempt, worker, frames_done, said)
        VALUES (NEW.tenant_id, NEW.id, clock_timestamp(), 'status', OLD.status, NEW.status,
                greatest(OLD.attempts, NEW.attempts), CASE WHEN of_a_worker THEN NEW.worker ELSE '' END,
                NEW.frames_done, left(why, 500));
    END IF;
    IF NEW.queue <> OLD.queue THEN
        INSERT INTO studio_renderevent
            (tenant_id, job_id, at, kind, before, after, attempt, worker, frames_done, said)
        VALUES (NEW.tenant_id, NEW.id, clock_timestamp(), 'queue', OLD.queue, NEW.queue, NEW.attempts, '',
                NEW.frames_done, '');
    END IF;
    IF NEW.priority <> OLD.priority THEN
        INSERT INTO studio_renderevent
            (tenant_id, job_id, at, kind, before, after, attempt, worker, frames_done, said)
        VALUES (NEW.tenant_id, NEW.id, clock_timestamp(), 'priority', OLD.priority, NEW.priority, NEW.attempts, '',
                NEW.frames_done, '');
    END IF;
    RETURN NULL;
END $$;

-- A heartbeat and progress are no steps.
CREATE TRIGGER studio_render_noted AFTER UPDATE ON studio_renderjob FOR EACH ROW
    WHEN ((OLD.status, OLD.queue, OLD.priority) IS DISTINCT FROM (NEW.status, NEW.queue, NEW.priority))
    EXECUTE FUNCTION studio_note_render();
