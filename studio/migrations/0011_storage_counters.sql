-- What the files of each tenant take up, every blob once, however many files share it.
-- Order of locks, everywhere: the blob, then its tenant.

CREATE FUNCTION studio_add_to_storage(whose bigint, size bigint, by integer) RETURNS void LANGUAGE sql AS $$
    INSERT INTO studio_tenantstorage AS counted (tenant_id, bytes, blobs) VALUES (whose, by * size, by)
    ON CONFLICT (tenant_id) DO UPDATE SET bytes = counted.bytes + excluded.bytes, blobs = counted.blobs + excluded.blobs;
$$;

CREATE FUNCTION studio_file_stored() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    blob studio_storedblob;
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.storage_key <> '' THEN
        UPDATE studio_storedblob SET files = files - 1 WHERE storage_key = OLD.storage_key RETURNING * INTO blob;
        IF blob.files = 0 THEN
            DELETE FROM studio_storedblob WHERE storage_key = OLD.storage_key;
            PERFORM studio_add_to_storage(blob.tenant_id, blob.size, -1);
        END IF;
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.storage_key <> '' THEN
        INSERT INTO studio_storedblob AS known (storage_key, tenant_id, size, files)
        VALUES (NEW.storage_key, NEW.tenant_id, NEW.size, 1)
        ON CONFLICT (storage_key) DO UPDATE SET files = known.files + 1 RETURNING * INTO blob;
        IF blob.files = 1 THEN
            PERFORM studio_add_to_storage(blob.tenant_id, blob.size, 1);
        END IF;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER studio_file_added AFTER INSERT ON studio_mediafile FOR EACH ROW
    WHEN (NEW.storage_key <> '') EXECUTE FUNCTION studio_file_stored();

CREATE TRIGGER studio_file_changed AFTER UPDATE ON studio_mediafile FOR EACH ROW
    WHEN (OLD.storage_key <> NEW.storage_key) EXECUTE FUNCTION studio_file_stored();

CREATE TRIGGER studio_file_removed AFTER DELETE ON studio_mediafile FOR EACH ROW
    WHEN (OLD.storage_key <> '') EXECUTE FUNCTION studio_file_stored();

-- Count one tenant's blobs anew; answers how many bytes were counted wrong.
CREATE FUNCTION studio_recount_storage(whose bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    before bigint;
    after bigint;
BEGIN
    IF current_setting('studio.tenant', true) IS DISTINCT FROM '*' THEN
        RAISE EXCEPTION 'storage is counted over all tenants';
    END IF;
    SELECT bytes INTO before FROM studio_tenantstorage WHERE tenant_id = whose;
    -- Nobody adds or removes a file meanwhile.
    LOCK TABLE studio_storedblob IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM studio_storedblob WHERE tenant_id = whose;
    INSERT INTO studio_storedblob (storage_key, tenant_id, size, files)
    SELECT storage_key, whose, max(size), count(*) FROM studio_mediafile
    WHERE tenant_id = whose AND storage_key <> '' GROUP BY storage_key;
    SELECT coalesce(sum(size), 0) INTO after FROM studio_storedblob WHERE tenant_id = whose;
    INSERT INTO studio_tenantstorage (tenant_id, bytes, blobs)
    SELECT whose, after, count(*) FROM studio_storedblob WHERE tenant_id = whose
    ON CONFLICT (tenant_id) DO UPDATE SET bytes = excluded.bytes, blobs = excluded.blobs;
    RETURN abs(after - coalesce(before, 0));
END $$;

-- What is there already.
SELECT set_config('studio.tenant', '*', true);
INSERT INTO studio_storedblob (storage_key, tenant_id, size, files)
SELECT storage_key, min(tenant_id), max(size), count(*) FROM studio_mediafile WHERE storage_key <> '' GROUP BY storage_key;
INSERT INTO studio_tenantstorage (tenant_id, bytes, blobs)
SELECT tenant_id, sum(size), count(*) FROM studio_storedblob GROUP BY tenant_id;
