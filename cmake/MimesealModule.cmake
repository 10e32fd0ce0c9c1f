# SPDX-License-Identifier: MIT

# mimeseal_module(NAME [DEPENDS module...] [LINK target...] [HEADER_ONLY target...])
#
# Declares the module whose private files lie in the calling folder and whose public headers lie in
# lib/include/mimeseal/NAME. DEPENDS are the modules it may include (and, through them, theirs); tests/checks/layers.py reads
# this line and holds the sources to it. LINK are third-party libraries, HEADER_ONLY those that leave nothing to link; no
# other module sees them.
function(mimeseal_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "DEPENDS;LINK;HEADER_ONLY")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "mimeseal_module(${name}): unknown words: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  foreach(lower IN LISTS arg_DEPENDS)
    if(NOT lower IN_LIST MIMESEAL_MODULES)
      message(FATAL_ERROR "mimeseal_module(${name}): no module ${lower}")
    endif()
  endforeach()

  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  if(NOT sources)
    return() # headers only: they are found through the common include folder
  endif()

  set(target mimeseal_${name})
  add_library(${target} OBJECT ${sources})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/lib/include ${PROJECT_SOURCE_DIR}/lib)
  target_link_libraries(${target} PRIVATE ${arg_LINK} ${arg_HEADER_ONLY})

  set_property(GLOBAL APPEND PROPERTY MIMESEAL_OBJECTS $<TARGET_OBJECTS:${target}>)
  set_property(GLOBAL APPEND PROPERTY MIMESEAL_LINK ${arg_LINK})
endfunction()
