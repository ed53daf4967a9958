"""What a dry run of an import holds to. A subclass's module provides ``imports``, on an empty log."""

from collections.abc import Callable
from datetime import UTC, datetime

from tests.contract.importing import CONTACTS, LEADS, counts
from tests.support.importing import Imports
from tests.support.secrets import MASTER
from write_side.adapters.keys import DerivedTenantKeys
from write_side.application.deciders import COMMANDS, INTERNAL, KINDS
from write_side.bootstrap import system_clock
from write_side.entrypoints.importing.rehearsal import Rehearsal

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def rehearsal(imports: Imports, clock: Callable[[], datetime]) -> Rehearsal:
    """A dry run on what the log has."""
    keys = DerivedTenantKeys(MASTER)
    return Rehearsal(log=imports.store, deciders=COMMANDS | INTERNAL, kinds=KINDS, keys=keys, clock=clock)


class DryRunContract:
    """Imports of small files, rehearsed."""

    async def test_a_dry_run_stores_nothing(self, imports: Imports) -> None:
        """A rehearsal finds the same rows good and bad as the import, and leaves the log as it is."""
        path = imports.file("Name,Mail,Won,City,Owner\nAnn,ann@x.org,1,,\nBob,nowhere,0,,\nCid,,0,,Nobody\n")
        dry = await imports.run(path, LEADS, transact=rehearsal(imports, clock=lambda: NOW).transact)
        reasons = imports.reasons.codes
        assert await imports.store.head() == 0
        wet = await imports.run(path, LEADS)
        assert counts(dry) == counts(wet) == (3, 1, 0, 2, 3)
        assert imports.reasons.codes == reasons

    async def test_a_dry_run_knows_whose_an_address_is(self, imports: Imports) -> None:
        """An address that a contact has, or that an earlier row gives to another, is refused as in the import."""
        await imports.run(imports.file("Id,Mail\n1,ann@x.org\n2,bob@x.org\n", "first.csv"), CONTACTS)
        path = imports.file("Id,Mail\n3,ANN@x.org\n4,cid@x.org\n5,Cid@x.org\n2,eve@x.org\n2,bob@y.org\n1,ann@x.org\n")
        dry = await imports.run(path, CONTACTS, transact=rehearsal(imports, clock=system_clock).transact, in_flight=1)
        reasons = imports.reasons.codes
        wet = await imports.run(path, CONTACTS, in_flight=1)
        assert counts(dry) == counts(wet) == (6, 3, 1, 2, 3)
        assert imports.reasons.codes == reasons == {2: ("EMAIL_TAKEN", "email"), 4: ("EMAIL_TAKEN", "email")}
