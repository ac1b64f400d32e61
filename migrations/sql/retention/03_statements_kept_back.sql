-- Why statements up to a position, all stored before an instant, may not be dropped yet; null: they may.
CREATE FUNCTION statements_kept_back(upto bigint, before timestamptz) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    behind projection_checkpoint;
BEGIN
    IF upto IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT * INTO behind FROM projection_checkpoint ORDER BY position LIMIT 1;
    IF coalesce(behind.position, 0) < upto THEN
        RETURN format('the read models (%s) have come to position %s of %s',
            coalesce(behind.projection, 'live'), coalesce(behind.position, 0), upto);
    END IF;
    IF EXISTS (
        SELECT FROM reference_unsettled u
        LEFT JOIN statement_reference r ON r.tenant = u.tenant AND r.referrer = u.id
        JOIN statement_id g ON g.tenant = u.tenant AND g.id IN (u.id, r.target)
        WHERE g.stored < before
    ) THEN
        RETURN 'references to them are not settled';
    END IF;
    RETURN NULL;
END $$;
