# SPDX-License-Identifier: MIT
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/mimeseal)

install(TARGETS mimeseal EXPORT mimesealTargets FILE_SET HEADERS)
install(TARGETS mimeseal_static EXPORT mimesealStaticTargets FILE_SET HEADERS)
install(EXPORT mimesealTargets NAMESPACE mimeseal:: DESTINATION ${package_dir})
install(EXPORT mimesealStaticTargets NAMESPACE mimeseal:: DESTINATION ${package_dir})

configure_package_config_file(cmake/mimesealConfig.cmake.in mimesealConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(mimesealConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES
  ${CMAKE_CURRENT_BINARY_DIR}/mimesealConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/mimesealConfigVersion.cmake
  cmake/FindGpgME.cmake cmake/FindLibIDN2.cmake cmake/FindMimetic.cmake
  DESTINATION ${package_dir})

# The prefix is found from where the .pc file lies, so that an installed tree may be moved.
file(RELATIVE_PATH pc_to_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(cmake/mimeseal.pc.in mimeseal.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/mimeseal.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

if(TARGET mimeseal_cli)
  install(TARGETS mimeseal_cli)
endif()
foreach(section 1 5 7)
  file(GLOB pages CONFIGURE_DEPENDS docs/man/*.${section})
  install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()
foreach(completion "mimeseal.bash:bash-completion/completions:mimeseal" "_mimeseal:zsh/site-functions:_mimeseal"
        "mimeseal.fish:fish/vendor_completions.d:mimeseal.fish")
  string(REPLACE ":" ";" completion ${completion})
  list(GET completion 0 file)
  list(GET completion 1 folder)
  list(GET completion 2 name)
  if(EXISTS ${PROJECT_SOURCE_DIR}/cli/completions/${file})
    install(FILES cli/completions/${file} DESTINATION ${CMAKE_INSTALL_DATADIR}/${folder} RENAME ${name})
  endif()
endforeach()
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
