CREATE TABLE fg_applying(reason TEXT) STRICT;
CREATE TABLE fg_log(seq INTEGER PRIMARY KEY, type INTEGER, rec INTEGER, op INTEGER, m0 INTEGER, at INTEGER, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14, o15, o16, id TEXT, num INTEGER);
CREATE TABLE "employer"(rec INTEGER PRIMARY KEY CHECK(rec > 0), id TEXT NOT NULL UNIQUE DEFAULT (printf('%08x-%04x-7%03x-%04x-%012x', CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) >> 16, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) & 65535, random() & 4095, random() & 16383 | 32768, random() & 281474976710655)), scope TEXT NOT NULL DEFAULT '220602103', num INTEGER, "name" TEXT, "uscc" TEXT, "address" TEXT, "phone" TEXT, "legal_rep" TEXT, "industry" TEXT, "headcount" INTEGER, "contracts" INTEGER, "insured" INTEGER, "wage_day" INTEGER, "arrears" INTEGER, "lat" INTEGER, "lon" INTEGER, "verified_on" TEXT, "notes" TEXT) STRICT;
CREATE INDEX IF NOT EXISTS "fg_employer_num" ON "employer"(num) WHERE num IS NOT NULL;
CREATE TRIGGER "fg_employer_at_risk" BEFORE INSERT ON "employer"
WHEN (EXISTS(SELECT 1 FROM "employer" WHERE id = NEW.id)
OR NEW.rec > 0 AND EXISTS(SELECT 1 FROM "employer" WHERE rec = NEW.rec))
AND NOT EXISTS(SELECT 1 FROM fg_applying) BEGIN
INSERT INTO fg_log(type, rec, op, at, id, num, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14, o15, o16)
SELECT 1, rec, 4, unixepoch(), id, num, scope, "name", "uscc", "address", "phone", "legal_rep", "industry", "headcount", "contracts", "insured", "wage_day", "arrears", "lat", "lon", "verified_on", "notes"
FROM "employer" WHERE id = NEW.id OR rec = NEW.rec;
END;
CREATE TRIGGER "fg_employer_inserted" AFTER INSERT ON "employer"
WHEN NOT EXISTS(SELECT 1 FROM fg_applying) BEGIN
INSERT INTO fg_log(type, rec, op, at) VALUES(1, NEW.rec, 1, unixepoch());
END;
CREATE TRIGGER "fg_employer_identity" BEFORE UPDATE OF rec, id, num, rowid, oid, _rowid_
ON "employer" WHEN NOT EXISTS(SELECT 1 FROM fg_applying) AND (OLD.rec IS NOT NEW.rec OR OLD.id IS NOT NEW.id
OR OLD.num IS NOT NEW.num) BEGIN
SELECT RAISE(ABORT, 'rec, id and num of a record are for ever: insert another record instead');
END;
CREATE TRIGGER "fg_employer_deleted" AFTER DELETE ON "employer"
WHEN NOT EXISTS(SELECT 1 FROM fg_applying) BEGIN
INSERT INTO fg_log(type, rec, op, at, id, num, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14, o15, o16)
VALUES(1, OLD.rec, 3, unixepoch(), OLD.id, OLD.num, OLD.scope, OLD."name", OLD."uscc", OLD."address", OLD."phone", OLD."legal_rep", OLD."industry", OLD."headcount", OLD."contracts", OLD."insured", OLD."wage_day", OLD."arrears", OLD."lat", OLD."lon", OLD."verified_on", OLD."notes");
END;
CREATE TRIGGER "fg_employer_updated_0" AFTER UPDATE OF scope, "name", "uscc", "address", "phone", "legal_rep", "industry", "headcount"
ON "employer" WHEN NOT EXISTS(SELECT 1 FROM fg_applying) BEGIN
INSERT INTO fg_log(type, rec, op, m0, at, o1, o2, o3, o4, o5, o6, o7, o8)
VALUES(1, NEW.rec, 2,
((OLD.scope IS NOT NEW.scope) << 0) |
((OLD."name" IS NOT NEW."name") << 1) |
((OLD."uscc" IS NOT NEW."uscc") << 2) |
((OLD."address" IS NOT NEW."address") << 3) |
((OLD."phone" IS NOT NEW."phone") << 4) |
((OLD."legal_rep" IS NOT NEW."legal_rep") << 5) |
((OLD."industry" IS NOT NEW."industry") << 6) |
((OLD."headcount" IS NOT NEW."headcount") << 7), unixepoch(),
CASE WHEN OLD.scope IS NOT NEW.scope THEN OLD.scope END,
CASE WHEN OLD."name" IS NOT NEW."name" THEN OLD."name" END,
CASE WHEN OLD."uscc" IS NOT NEW."uscc" THEN OLD."uscc" END,
CASE WHEN OLD."address" IS NOT NEW."address" THEN OLD."address" END,
CASE WHEN OLD."phone" IS NOT NEW."phone" THEN OLD."phone" END,
CASE WHEN OLD."legal_rep" IS NOT NEW."legal_rep" THEN OLD."legal_rep" END,
CASE WHEN OLD."industry" IS NOT NEW."industry" THEN OLD."industry" END,
CASE WHEN OLD."headcount" IS NOT NEW."headcount" THEN OLD."headcount" END);
END;
CREATE TRIGGER "fg_employer_updated_1" AFTER UPDATE OF "contracts", "insured", "wage_day", "arrears", "lat", "lon", "verified_on", "notes"
ON "employer" WHEN NOT EXISTS(SELECT 1 FROM fg_applying) BEGIN
INSERT INTO fg_log(type, rec, op, m0, at, o9, o10, o11, o12, o13, o14, o15, o16)
VALUES(1, NEW.rec, 2,
((OLD."contracts" IS NOT NEW."contracts") << 8) |
((OLD."insured" IS NOT NEW."insured") << 9) |
((OLD."wage_day" IS NOT NEW."wage_day") << 10) |
((OLD."arrears" IS NOT NEW."arrears") << 11) |
((OLD."lat" IS NOT NEW."lat") << 12) |
((OLD."lon" IS NOT NEW."lon") << 13) |
((OLD."verified_on" IS NOT NEW."verified_on") << 14) |
((OLD."notes" IS NOT NEW."notes") << 15), unixepoch(),
CASE WHEN OLD."contracts" IS NOT NEW."contracts" THEN OLD."contracts" END,
CASE WHEN OLD."insured" IS NOT NEW."insured" THEN OLD."insured" END,
CASE WHEN OLD."wage_day" IS NOT NEW."wage_day" THEN OLD."wage_day" END,
CASE WHEN OLD."arrears" IS NOT NEW."arrears" THEN OLD."arrears" END,
CASE WHEN OLD."lat" IS NOT NEW."lat" THEN OLD."lat" END,
CASE WHEN OLD."lon" IS NOT NEW."lon" THEN OLD."lon" END,
CASE WHEN OLD."verified_on" IS NOT NEW."verified_on" THEN OLD."verified_on" END,
CASE WHEN OLD."notes" IS NOT NEW."notes" THEN OLD."notes" END);
END;
