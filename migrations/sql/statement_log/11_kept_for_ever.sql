-- What the log leans on may not change under it either: who vouches for what is recorded, and the salt of every hash.
CREATE TRIGGER refuse_change BEFORE UPDATE ON authority
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refuse_delete BEFORE DELETE ON authority FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON authority FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refuse_change BEFORE UPDATE ON tenant
    FOR EACH ROW WHEN (OLD.salt IS DISTINCT FROM NEW.salt) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refuse_delete BEFORE DELETE ON tenant FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON tenant FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
