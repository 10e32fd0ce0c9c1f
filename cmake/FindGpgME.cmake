# SPDX-License-Identifier: MIT
# Finds GpgME and defines GpgME::GpgME.
find_path(GpgME_INCLUDE_DIR gpgme.h)
find_library(GpgME_LIBRARY gpgme)
mark_as_advanced(GpgME_INCLUDE_DIR GpgME_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(GpgME REQUIRED_VARS GpgME_LIBRARY GpgME_INCLUDE_DIR)

if(GpgME_FOUND AND NOT TARGET GpgME::GpgME)
  add_library(GpgME::GpgME UNKNOWN IMPORTED)
  set_target_properties(GpgME::GpgME PROPERTIES
    IMPORTED_LOCATION "${GpgME_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${GpgME_INCLUDE_DIR}")
endif()
