-- Whoever reads the schema analytics reads these too.
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'lrs_analyst') THEN
        GRANT SELECT ON ALL TABLES IN SCHEMA analytics TO lrs_analyst;
    END IF;
END $$;
