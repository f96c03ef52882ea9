"""Questions to the database stay small whatever the tables grow to."""

import ast


def ordered_firsts(source):
    """Lines with ``.first()`` on rows that are ordered but not limited: the driver would fetch all of them and all but one be thrown away."""
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef):
            continue
        # What a name stands for in this function, so that ``exec(statement.order_by(...))`` is seen through.
        given = {
            target.id: ast.unparse(one.value)
            for one in ast.walk(function)
            if isinstance(one, ast.Assign)
            for target in one.targets
            if isinstance(target, ast.Name)
        }
        for call in ast.walk(function):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "first":
                asked = ast.unparse(call.func.value)
                names = {one.id for one in ast.walk(call.func.value) if isinstance(one, ast.Name)}
                asked += "".join(given.get(name, "") for name in names)
                if ".order_by(" in asked and ".limit(1)" not in asked:
                    yield call.lineno


def test_the_first_of_many_rows_is_asked_for_alone(committed, root):
    found = {}
    for path in committed:
        name = path.relative_to(root)
        if name.parts[0] in {"backend", "indexer", "scripts"} and path.suffix == ".py":
            found.update({f"{name}:{line}": path for line in ordered_firsts(path.read_text(encoding="utf-8"))})
    assert not found


def test_a_question_without_a_limit_is_seen():
    body = "def ask(s):\n    found = select(T).order_by(T.at)\n    return s.exec({}).first()\n"
    assert list(ordered_firsts(body.format("found"))) == [3]
    assert list(ordered_firsts(body.format("select(T).order_by(T.at)"))) == [3]
    assert list(ordered_firsts(body.format("found.limit(1)"))) == []
    assert list(ordered_firsts(body.format("select(T).where(T.id == 1)"))) == []
