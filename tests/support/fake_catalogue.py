"""The one dataset that the catalogues of a fake desk know, and who is who there."""

# ruff: noqa: N802 - gRPC looks its methods up by these names

from __future__ import annotations

import grpc

from node.v1 import (
    catalogue_pb2,
    catalogue_pb2_grpc,
)

Context = grpc.ServicerContext
REQUESTER = "11441900000000035L"
PROVIDER = "11441900000000019Y"
DATASET = "pension-insurance"
PURPOSE = "social-insurance/pension/deferral"


def catalogue_dataset(provider: str) -> catalogue_pb2.Dataset:
    """The one dataset that the catalogues know, in full."""
    summary = catalogue_pb2.DatasetSummary(
        dataset=DATASET,
        title="基本养老保险参保信息",
        title_en="Enrolment in pension insurance",
        provider=provider,
        sharing=catalogue_pb2.SHARING_ATTRIBUTE_CONDITIONAL,
        update="daily",
    )
    question = catalogue_pb2.Question(
        name="months-at-least",
        title="缴费是否满若干个月",
        title_en="Has the person paid for so many months?",
        kind=catalogue_pb2.QUESTION_KIND_VERIFY,
        expression="months_paid >= :n",
        parameters=[catalogue_pb2.QuestionParameter(name="n", choices=["60", "120"])],
        claims=["name"],
        claim_limits=[catalogue_pb2.QuestionClaim(name="name", type="text", wrong_tries_per_subject=3)],
        ceiling=catalogue_pb2.Ceiling(level=2),
        conditions=[catalogue_pb2.Condition(rule="tax-deferral", to="levels: city", purposes=[PURPOSE])],
    )
    return catalogue_pb2.Dataset(
        summary=summary,
        level=3,
        personal=True,
        format="database",
        modes=["interface", "batch"],
        scope="市级税务、医保部门",
        use="办理社会保险业务",
        subject=catalogue_pb2.SubjectItem(field="resident_id", type="resident_id"),
        fields=[
            catalogue_pb2.Field(
                name="status",
                title="参保状态",
                title_en="Status",
                type="enum",
                sensitivity="normal",
                level=2,
                values=["active", "ended"],
            )
        ],
        questions=[question],
        rules=[
            catalogue_pb2.UsageRule(
                id="tax-deferral",
                allow=["months-at-least"],
                levels=["city"],
                purposes=[PURPOSE],
                workdays=True,
                hours="08:30-17:30",
                effective_until="2027-12-31",
                per_day=5000,
            )
        ],
        digest=bytes(32),
    )


class FakeCatalogue(catalogue_pb2_grpc.CatalogueServiceServicer):
    """Finds it, and tells its versions."""

    def SearchCatalogue(
        self, request: catalogue_pb2.SearchCatalogueRequest, context: Context
    ) -> catalogue_pb2.SearchCatalogueResponse:
        full = catalogue_dataset(request.provider or REQUESTER)
        found = [full] if request.text in full.summary.title else []
        return catalogue_pb2.SearchCatalogueResponse(datasets=found, total=3 * len(found))

    def GetDatasetHistory(
        self, request: catalogue_pb2.GetDatasetHistoryRequest, context: Context
    ) -> catalogue_pb2.GetDatasetHistoryResponse:
        title, provider = catalogue_dataset(PROVIDER).summary.title, request.provider or REQUESTER
        versions = [
            catalogue_pb2.DatasetVersion(
                number=number,
                entry_digest=bytes([number]) * 32,
                title=title,
                served_since_ms=1_798_000_000_000 + number * 86_400_000,
                approvals=[
                    catalogue_pb2.Approval(
                        role=role, department=code, person=person, at_ms=1_798_000_000_000, signed=b"note"
                    )
                    for role, code, person in (("head", provider, "zhang"), ("authority", REQUESTER, "chen"))
                ],
                changed=changed,
            )
            for number, changed in ((2, ["rules.tax-deferral", "+fields.region"]), (1, []))
        ]
        return catalogue_pb2.GetDatasetHistoryResponse(versions=versions)
