from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ask", "0001_initial")]

    operations = [
        migrations.AddField("savedquestion", "revision", models.PositiveIntegerField(default=1)),
        migrations.AddField("savedquestion", "changed", models.DateTimeField(null=True, blank=True)),
        migrations.AddField("savedquestion", "changed_by", models.CharField(max_length=200, blank=True)),
    ]
