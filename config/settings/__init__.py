"""Django settings, split by subject. Importing them creates nothing and talks to nobody."""

from config.settings.access import *  # noqa: F403
from config.settings.browsers import *  # noqa: F403
from config.settings.contact import *  # noqa: F403
from config.settings.core import *  # noqa: F403
from config.settings.mail import *  # noqa: F403
from config.settings.payments import *  # noqa: F403
from config.settings.product import *  # noqa: F403
from config.settings.serving import *  # noqa: F403
from config.settings.social import *  # noqa: F403
from config.settings.staff import *  # noqa: F403
