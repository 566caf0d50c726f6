from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("lists", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="item",
            name="left_as",
            field=models.CharField(blank=True, default="", max_length=20),
            preserve_default=False,
        ),
    ]
