"""What is executed or cancelled stays: the database itself refuses to change or delete it."""

from django.db import migrations

REFUSE = """
CREATE FUNCTION commerce_refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'ledger entry % is final', OLD.id
        USING ERRCODE = 'restrict_violation', HINT = 'Correct a mistake with a new entry.';
END $$;

CREATE TRIGGER commerce_ledger_is_append_only BEFORE UPDATE OR DELETE ON commerce_financeoperation
    FOR EACH ROW WHEN (OLD.status IN (2, 4)) EXECUTE FUNCTION commerce_refuse_ledger_change();
"""

ALLOW = """
DROP TRIGGER commerce_ledger_is_append_only ON commerce_financeoperation;
DROP FUNCTION commerce_refuse_ledger_change();
"""


class Migration(migrations.Migration):
    dependencies = [("commerce", "0001_initial")]

    operations = [migrations.RunSQL(REFUSE, ALLOW)]
