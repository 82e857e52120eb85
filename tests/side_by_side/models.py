"""SQLAlchemy and Alembic on top."""
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import NullPool

from side_by_side import Side, check
from workbook import stages
from workbook.stages import downgrade, stage_app, upgrade

STAGES = ["draft", "ready"]


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    __table_args__ = (sa.CheckConstraint("email LIKE '%@%'", name="ck_users_email"), sa.Index("ix_users_name", "name"))

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    name: Mapped[str | None] = mapped_column(sa.String(80), comment="as they write it")
    email: Mapped[str] = mapped_column(unique=True)
    stage: Mapped[str] = mapped_column(sa.Enum(*STAGES, name="stage"), server_default="draft")


class Model(Base):
    __tablename__ = "models"
    __table_args__ = (sa.Index("ix_models_lower", sa.text("lower(name)"), unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL", name="fk_models_user"))
    price: Mapped[float] = mapped_column(sa.Numeric(8, 2))
    at: Mapped[object] = mapped_column(sa.DateTime(timezone=True), server_default=sa.text("'2026-01-02 03:04Z'"))
    notes: Mapped[object] = mapped_column(sa.JSON)


def reflected(engine):
    """[(table, what there is, [each])] of all that SQLAlchemy finds in the database."""
    inspector = sa.inspect(engine)
    kinds = ["columns", "pk_constraint", "foreign_keys", "indexes", "unique_constraints", "check_constraints"]
    for table in sorted(inspector.get_table_names()):
        for kind in kinds:
            there = getattr(inspector, f"get_{kind}")(table)
            ordered = isinstance(there, dict) or kind == "columns"
            yield table, kind, there if ordered else sorted(there, key=lambda each: str(each["name"]))
    yield inspector.get_enums(), inspector.get_view_names(), sorted(inspector.get_sequence_names())
    yield inspector.has_table("users"), inspector.has_table("missing")


def engine():
    return sa.create_engine(Side.url, poolclass=NullPool)


@check
def sqlalchemy_creates_and_reflects_tables():
    Base.metadata.create_all(engine())
    Base.metadata.create_all(engine())
    found = [*reflected(engine())]
    tables = sa.MetaData()
    tables.reflect(engine())
    Base.metadata.drop_all(engine())
    return [*found, {name: repr(table) for name, table in sorted(tables.tables.items())}, *reflected(engine())]


@check
def sqlalchemy_inserts_many_and_reads_them():
    Base.metadata.create_all(engine())
    with Session(engine()) as session:
        users = [User(name=f"user {n}", email=f"u{n}@example.com", stage=STAGES[n % 2]) for n in range(1500)]
        session.add_all(users)
        session.flush()
        yield [user.id for user in users] == [*range(1, 1501)]
        session.add_all(Model(name=f"m{n}", user_id=n + 1, price=n / 4, notes={"n": [n, None]}) for n in range(3))
        session.commit()
        model = session.scalars(sa.select(Model).order_by(Model.id.desc())).first()
        yield model.id, model.name, model.price, model.at, model.notes
        yield session.execute(sa.update(User).where(User.id < 4).values(name="same").returning(User.id)).all()
        session.add(User(name="twice", email="u1@example.com"))
        try:
            session.flush()
        except sa.exc.IntegrityError as error:
            yield str(error), error.orig.diag.constraint_name, error.connection_invalidated
        session.rollback()
        yield session.scalar(sa.select(sa.func.count()).select_from(User).where(User.stage == "ready"))
        in_parts = session.scalars(sa.select(User.id).order_by(User.id), execution_options={"yield_per": 400})
        yield [len(part) for part in in_parts.partitions()]


@check
def sqlalchemy_s_pool_uses_a_connection_again():
    pooled = sa.create_engine(Side.url, pool_pre_ping=True, pool_size=1, max_overflow=0)
    for _ in range(2):
        with pooled.begin() as connection:
            yield connection.dialect.server_version_info[0], connection.exec_driver_sql("SELECT %s::int", (1,)).all()
            yield connection.get_isolation_level(), connection.default_isolation_level
    with pooled.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection.exec_driver_sql("SHOW transaction_isolation").all()
    pooled.dispose()


@check
def the_migrations_of_a_stage_run_there_and_back():
    with stage_app(stages.STAGES / "05_merge_conflict", Side.url.render_as_string(hide_password=False)) as app:
        for target in ("0006a", "0007"):
            upgrade(app, target)
            yield from reflected(engine())
        downgrade(app, "0003")
        yield from reflected(engine())
        upgrade(app)
    with engine().connect() as connection:
        yield connection.exec_driver_sql("SELECT version_num FROM alembic_version").all()
