"""Schemas as other projects have them, in SQL: much of what a table can demand of its rows."""
NUMBERED = {"sqlite": "INTEGER PRIMARY KEY", "postgresql": "SERIAL PRIMARY KEY"}
WIDE = """
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
CREATE TABLE people (
    id #, name VARCHAR(100) NOT NULL, email VARCHAR(120) NOT NULL UNIQUE, nickname VARCHAR(3) UNIQUE,
    status VARCHAR(8) DEFAULT 'new' NOT NULL CHECK (status IN ('new', 'old', 'it''s')),
    points INTEGER DEFAULT 5 NOT NULL, options TEXT DEFAULT '{}' NOT NULL,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
);
-- joined-table inheritance: the key is a foreign key
CREATE TABLE staff (
    id INTEGER PRIMARY KEY REFERENCES people (id), level SMALLINT NOT NULL CHECK (level BETWEEN 2 AND 4),
    pay NUMERIC(8, 2) NOT NULL CHECK (pay > 0), hired DATE NOT NULL CHECK (hired >= '2030-05-05'),
    boss_id INTEGER REFERENCES staff (id)
);
-- an association, and a relation one to one
CREATE TABLE friends (
    left_id INTEGER NOT NULL REFERENCES people (id), right_id INTEGER NOT NULL REFERENCES people (id),
    PRIMARY KEY (left_id, right_id)
);
CREATE TABLE profiles (person_id INTEGER NOT NULL UNIQUE REFERENCES people (id), body TEXT);
-- natural and composite keys, and references to them
CREATE TABLE countries (
    code CHAR(2) PRIMARY KEY, title TEXT NOT NULL CHECK (title <> ''),
    CHECK (length(code) = 2 AND code = upper(code))
);
CREATE TABLE cities (
    country CHAR(2) NOT NULL REFERENCES countries (code), name VARCHAR(50) NOT NULL, PRIMARY KEY (country, name)
);
CREATE TABLE streets (
    id #, country CHAR(2) NOT NULL, city VARCHAR(50) NOT NULL, number INTEGER NOT NULL,
    FOREIGN KEY (country, city) REFERENCES cities (country, name), UNIQUE (country, city, number)
);
-- two references that have a column in common
CREATE TABLE tenants (id #, slug VARCHAR(8) NOT NULL UNIQUE CHECK (length(slug) = 4));
CREATE TABLE members (
    tenant_id INTEGER NOT NULL REFERENCES tenants (id), number INTEGER NOT NULL, PRIMARY KEY (tenant_id, number)
);
CREATE TABLE loans (
    id #, tenant_id INTEGER NOT NULL REFERENCES tenants (id), giver INTEGER NOT NULL, taker INTEGER,
    FOREIGN KEY (tenant_id, giver) REFERENCES members (tenant_id, number),
    FOREIGN KEY (tenant_id, taker) REFERENCES members (tenant_id, number)
);
-- unique by an expression, and under a condition
CREATE TABLE tags (
    id #, name VARCHAR(40) NOT NULL, is_main BOOLEAN NOT NULL, gone_at TIMESTAMP,
    parent_id INTEGER REFERENCES tags (id)
);
CREATE UNIQUE INDEX uq_tags_name ON tags (lower(name));
CREATE UNIQUE INDEX uq_tags_main ON tags (is_main) WHERE is_main;
-- a reference to the same table that may not be NULL, and CHECKs of several columns
CREATE TABLE nodes (
    id #, parent_id INTEGER NOT NULL REFERENCES nodes (id), begins DATE NOT NULL, ends DATE NOT NULL,
    CHECK (begins < ends)
);
CREATE TABLE notes (
    id #, person_id INTEGER REFERENCES people (id), tag_id INTEGER REFERENCES tags (id),
    kind VARCHAR(20) NOT NULL, url VARCHAR(200), body TEXT,
    CONSTRAINT one_owner CHECK ((person_id IS NULL) <> (tag_id IS NULL)),
    CONSTRAINT by_kind CHECK (
        (kind = 'link' AND url IS NOT NULL) OR (kind = 'text' AND body IS NOT NULL AND length(body) > 3)
    )
);
-- names that SQL or a driver has other uses for; a table without a primary key, and one with nothing else
CREATE TABLE "order" (
    "select" #, "from" TEXT NOT NULL, "Group by" INTEGER NOT NULL CHECK ("Group by" % 2 = 0), "100%" FLOAT, "a:b" DATE,
    half INTEGER GENERATED ALWAYS AS ("Group by" / 2) STORED
);
CREATE TABLE log (line TEXT, number INTEGER, at TIMESTAMP);
CREATE TABLE only_a_key (id #);
-- a circle that one NULL opens
CREATE TABLE eggs (id #);
CREATE TABLE birds (id #, egg_id INTEGER NOT NULL REFERENCES eggs (id));
ALTER TABLE eggs ADD COLUMN layer_id INTEGER REFERENCES birds (id);
"""
UNFILLED = """
CREATE TABLE impossible (id #, size INTEGER NOT NULL CONSTRAINT no_size CHECK (size > 3 AND size < 2));
CREATE TABLE on_impossible (id #, impossible_id INTEGER NOT NULL REFERENCES impossible (id));
CREATE TABLE switches (is_on BOOLEAN NOT NULL UNIQUE);
CREATE TABLE good (id #, name VARCHAR(20) NOT NULL);
"""
TYPES = """
CREATE TYPE colour AS ENUM ('red', 'gr''een');
CREATE TYPE pair AS (a INTEGER, b INTEGER);
CREATE DOMAIN percent AS NUMERIC(5, 2) NOT NULL CHECK (VALUE >= 0 AND VALUE <= 100);
CREATE DOMAIN plz AS VARCHAR(5) CHECK (VALUE ~ '^[0-9]{5}$');
CREATE TABLE every_type (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(), counted BIGINT GENERATED ALWAYS AS IDENTITY,
    small SMALLINT NOT NULL, big BIGINT NOT NULL, real REAL NOT NULL, double DOUBLE PRECISION NOT NULL,
    numeric NUMERIC NOT NULL, numeric_3_2 NUMERIC(3, 2) NOT NULL UNIQUE, money MONEY NOT NULL,
    boolean BOOLEAN NOT NULL, text TEXT NOT NULL, varchar VARCHAR NOT NULL, char_3 CHAR(3) NOT NULL, name NAME NOT NULL,
    bytea BYTEA NOT NULL, bit BIT(3) NOT NULL, bits BIT VARYING(5) NOT NULL,
    date DATE NOT NULL, time TIME NOT NULL, timetz TIMETZ NOT NULL, moment TIMESTAMPTZ NOT NULL,
    local TIMESTAMP(0) NOT NULL, interval INTERVAL NOT NULL,
    json JSON NOT NULL, jsonb JSONB NOT NULL, list JSONB DEFAULT '[]' NOT NULL, uuid UUID NOT NULL UNIQUE,
    texts TEXT[] NOT NULL, numbers INTEGER[] NOT NULL, colours colour[] NOT NULL, colour colour NOT NULL,
    inet INET NOT NULL, cidr CIDR NOT NULL, macaddr MACADDR NOT NULL, macaddr8 MACADDR8 NOT NULL,
    int4range INT4RANGE NOT NULL, int8range INT8RANGE NOT NULL, numrange NUMRANGE NOT NULL,
    daterange DATERANGE NOT NULL, tsrange TSRANGE NOT NULL, tstzrange TSTZRANGE NOT NULL,
    int4multirange INT4MULTIRANGE NOT NULL, tsvector TSVECTOR NOT NULL, tsquery TSQUERY NOT NULL, oid OID NOT NULL,
    percent percent, plz plz NOT NULL, doubled INTEGER GENERATED ALWAYS AS (small * 2) STORED,
    point POINT, xml XML, pair pair, path PATH DEFAULT '((0,0),(1,1))' NOT NULL,
    EXCLUDE USING gist (int4range WITH &&)
);
CREATE TABLE on_every_type (every_id UUID PRIMARY KEY REFERENCES every_type (id), colour colour UNIQUE);
CREATE TABLE unknown_type (id SERIAL PRIMARY KEY, place POINT NOT NULL);
CREATE TABLE parted (id INTEGER NOT NULL, year INTEGER NOT NULL CHECK (year IN (2024, 2025)), PRIMARY KEY (id, year))
    PARTITION BY LIST (year);
CREATE TABLE parted_2024 PARTITION OF parted FOR VALUES IN (2024);
CREATE TABLE parted_2025 PARTITION OF parted FOR VALUES IN (2025);
CREATE SCHEMA elsewhere;
CREATE TABLE elsewhere.things (id SERIAL PRIMARY KEY);
CREATE TABLE with_things (id SERIAL PRIMARY KEY, thing_id INTEGER REFERENCES elsewhere.things (id));
"""
