"""Results of earlier code under the identity that the present code gives to the same inputs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reflow.graph.model import Node
from reflow.model.records import Context, NewResult
from reflow.plan.identity import Recipe
from reflow.plan.renew import Renewal
from reflow.values.digests import digest

HASHES = st.binary(min_size=32, max_size=32)
SHARED = st.dictionaries(st.sampled_from("abc"), HASHES, max_size=3)


@given(
    shared=SHARED,
    own=st.lists(HASHES, min_size=2, max_size=2),
    after=st.lists(HASHES, max_size=2),
    rule=st.sampled_from(["warn", "auto", "version"]),
    version=st.sampled_from(["1", "2"]),
)
def test_a_renewed_result_has_the_identity_that_the_present_code_gives(shared, own, after, rule, version):
    then = Node("t", "f.t", False, "int", code=rule, code_hash="aa", version=version)
    now = then._replace(code="auto", code_hash="bb", source="cc", file="/flow.py", version="9")
    old = Recipe(then, shared, ["x", "y"], after)
    context = Context("run", "t", "f.t", version, b"\xaa", b"", "/old.py", old.parts, ("x", "y"))
    result = NewResult(old.identity(own), digest("v", 1), "1", None, False, 0, 1, b"".join(own), 5)

    renewal = Renewal(now, context)

    wanted = Recipe(now._replace(version=version), shared, ["x", "y"], after)
    assert renewal.result(result) == result._replace(identity=wanted.identity(own))
    assert renewal.context == context._replace(
        code=b"\xbb", source=b"\xcc", file="/flow.py", parts=wanted.parts
    )
