"""Deploys at once surely overlap, and none is left behind."""
import pytest
from projects import add_revision, copy_project

from workbook import deploys
from workbook.workspace import Project


@pytest.fixture
def project(tmp_path):
    project = Project(copy_project(tmp_path / "app"), "postgresql")
    project.must("db", "upgrade")
    return project


def test_one_applies_and_the_others_wait_for_it(project):
    add_revision(project.folder, "late", "op.create_table('late', sa.Column('id', sa.Integer))")
    ended = deploys.at_once(project, 3)
    assert [each.code for each in ended] == [0, 0, 0]
    assert ["-> late" in each.output for each in ended] == [True, False, False]
    assert [deploy.output.count("Another `flask db` command is running") for deploy in ended] == [0, 1, 1]


def test_each_of_them_is_told_what_is_wrong_with_the_script(project):
    add_revision(project.folder, "late", "raise CommandError('not today')")
    for ended in deploys.at_once(project, 2):
        assert ended.code == 1 and "not today" in ended.output


def test_none_goes_on_if_the_cell_is_interrupted(project, monkeypatch):
    add_revision(project.folder, "late", "op.create_table('late', sa.Column('id', sa.Integer))")
    started, wait = [], deploys.wait_until_it_waits

    def interrupt(deploy, log):
        wait(deploy, log)
        started.append(deploy)
        if len(started) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(deploys, "wait_until_it_waits", interrupt)
    with pytest.raises(KeyboardInterrupt):
        deploys.at_once(project, 3)
    assert [deploy.poll() is None for deploy in started] == [False, False]
    assert "late" not in project.tables()
