-- The log is appended to and never changed: the database itself says so, to whoever asks.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: the statement log is immutable', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'LR403', HINT = 'void a statement with another statement';
END $$;
