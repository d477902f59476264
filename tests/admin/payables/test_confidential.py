"""A batch that holds a payable of a confidential category is not shown to who may not see it: its sum would tell."""

from django.contrib.auth.models import Permission
from django.test import Client

from integrations.models import ConfidentialCategory, PayableWrite, WriteBatch
from tests.admin.kit.test_pages import url
from tests.admin.world import Rows, make_user


def test_neither_the_payable_nor_its_batch_is_shown(ours: Rows) -> None:
    user = make_user("bia")
    names = ["view_payablewrite", "view_writebatch", "approve_payable", "resolve_payable"]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    ours.tenant.members.add(user)
    client = Client()
    client.force_login(user)
    PayableWrite.objects.filter(pk=ours.payable.pk).update(category_id=ours.category.bling_id)
    WriteBatch.objects.filter(pk=ours.batch.pk).update(state="awaiting", total="4321.09")
    pages = [(PayableWrite, ours.payable), (WriteBatch, ours.batch)]

    def shown() -> list[bool]:
        return [client.get(url(model, "change", row.pk)).status_code == 200 for model, row in pages]

    assert "4.321,09" in client.get(url(WriteBatch, "changelist")).content.decode()
    assert shown() == [True, True]
    ConfidentialCategory.objects.create(connection=ours.bling, item=ours.category)
    assert "4.321,09" not in client.get(url(WriteBatch, "changelist")).content.decode()
    assert shown() == [False, False]
