"""The table of all commands: which decider answers each."""

from typing import Any

from write_side.domain import account, account_hierarchy, batch, deal, pipeline, product, team, user
from write_side.domain.decider import Command, Decider

COMMANDS: dict[type[Command], Decider[Any, Any]] = {
    deal.OpenDeal: deal.DECIDER,
    deal.ChangeDealStage: deal.DECIDER,
    deal.ChangeDealAmount: deal.DECIDER,
    deal.ChangeDealCloseDate: deal.DECIDER,
    deal.ChangeDealOwner: deal.DECIDER,
    deal.ChangeDealProduct: deal.DECIDER,
    deal.WinDeal: deal.DECIDER,
    deal.LoseDeal: deal.DECIDER,
    deal.ReopenDeal: deal.DECIDER,
    account.OpenAccount: account.DECIDER,
    account.ChangeAccountDetails: account.DECIDER,
    account.AssignAccountOwner: account.DECIDER,
    account.AssignAccountTerritory: account.DECIDER,
    account.ArchiveAccount: account.DECIDER,
    account_hierarchy.SetAccountParent: account_hierarchy.DECIDER,
    pipeline.DefinePipeline: pipeline.DECIDER,
    pipeline.RenamePipeline: pipeline.DECIDER,
    pipeline.AddStage: pipeline.DECIDER,
    pipeline.RenameStage: pipeline.DECIDER,
    pipeline.ChangeStageProbability: pipeline.DECIDER,
    pipeline.ReorderStages: pipeline.DECIDER,
    pipeline.RetireStage: pipeline.DECIDER,
    product.ListProduct: product.DECIDER,
    product.RepriceProduct: product.DECIDER,
    product.RetireProduct: product.DECIDER,
    team.CreateTeam: team.DECIDER,
    team.AssignTeamManager: team.DECIDER,
    team.AssignTeamRegion: team.DECIDER,
    user.CreateUser: user.DECIDER,
    user.JoinTeam: user.DECIDER,
    user.LeaveTeam: user.DECIDER,
    user.AssignUserManager: user.DECIDER,
    user.AssignUserRegion: user.DECIDER,
}
"""Every command that a client may send."""

INTERNAL: dict[type[Command], Decider[Any, Any]] = {
    batch.StartBatch: batch.DECIDER,
    batch.FinishBatch: batch.DECIDER,
}
"""Commands that only the platform's own parts send."""

KINDS: dict[str, Decider[Any, Any]] = {
    decider.category: decider
    for decider in (account.DECIDER, deal.DECIDER, pipeline.DECIDER, product.DECIDER, team.DECIDER, user.DECIDER)
}
"""Kind of entity -> the decider of its own stream, for decisions that read other aggregates."""
