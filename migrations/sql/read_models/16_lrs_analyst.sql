-- The role that can read the schema analytics and nothing else; it cannot sign in, roles that can are made its members.
-- Roles belong to the whole cluster: another database may have made it already, or be making it at this moment. Where we
-- may not make roles, the server does without: docs/analytics.md says what its administrator runs.
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'lrs_analyst') THEN
        CREATE ROLE lrs_analyst NOLOGIN;
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL;
    WHEN insufficient_privilege THEN
        RAISE WARNING 'the role lrs_analyst was not made: % may not make roles', current_user
            USING HINT = 'docs/analytics.md says what an administrator runs';
END $$;
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'lrs_analyst') THEN
        GRANT USAGE ON SCHEMA analytics TO lrs_analyst;
        GRANT SELECT ON ALL TABLES IN SCHEMA analytics TO lrs_analyst;
    END IF;
END $$;
