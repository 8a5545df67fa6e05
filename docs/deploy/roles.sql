-- Run once as PostgreSQL's superuser: psql --file=docs/deploy/roles.sql
-- The owner changes the schema and restores; the desk itself only reads and writes rows.
-- Each role gets in by a password (\password paydesk_app) or, over the socket, by a line of pg_ident.conf.
create role paydesk_owner login createdb;
create role paydesk_app login;
create database paydesk owner paydesk_owner encoding 'UTF8' template template0;
\connect paydesk
revoke all on database paydesk from public;
grant connect, temporary on database paydesk to paydesk_app;
revoke all on schema public from public;
alter schema public owner to paydesk_owner;
grant usage on schema public to paydesk_app;
-- Tables that the owner makes later, also by a restore. Rows of the ledger and of the audit are append-only by trigger.
alter default privileges for role paydesk_owner grant select, insert, update, delete on tables to paydesk_app;
alter default privileges for role paydesk_owner grant usage, select on sequences to paydesk_app;
